/**
 * address: the lab in the page's address, which changes in place (`replaceState`), so that the
 * browser's Back leads to the page before and not through every edit.
 */
const STORED = "local."; // what an address says that only names a stored lab

/** Put the lab into the address, or take it out where it is the one everybody starts with. */
export function showLab(lab) {
  const url = new URL(location.href);
  if ((url.searchParams.get("lab") ?? "") === lab) return;
  if (lab) url.searchParams.set("lab", lab);
  else url.searchParams.delete("lab");
  history.replaceState(history.state, "", url);
}

/** Put a lab there that is newer than the last run; null, and one that is stored, wait for the next. */
export function showNewer(lab) {
  const isStored = new URL(location.href).searchParams.get("lab")?.startsWith(STORED);
  if (!isStored && lab !== null) showLab(lab);
}
