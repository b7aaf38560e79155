/**
 * keeper: keeps the lab in the page's address or, when it is too large for one, in this browser.
 *
 * data = { address, page, seen, store: {id, lab} | null, want: id | null }
 *
 * The address changes in place (`replaceState`), so the browser's Back leads to the page before and
 * not through every edit. `want` asks for a lab that this browser stored: the answer is the state
 * "restored" = {id, lab}, with lab null where there is none. Being on every page, it also takes what
 * is dropped on the page (drops.js), which it tells as the trigger "dropped".
 */
import { takeDrops } from "./drops.js";
import { isBehind } from "./live.js";

const PREFIX = "attention-lab:";
const STORED = "local."; // what an address says that only names a stored lab
const ADDRESS_LIMIT = 8000; // as in ui/lab/link.py
const KEPT = 20; // labs stored in this browser; the oldest go first

/** Bring the address and the storage in line with `component.data`. */
export default function keeper(component) {
  const { data, parentElement, setStateValue } = component;
  takeDrops(component);
  parentElement.querySelector(".root").dataset.address = data.address;
  if (data.want) {
    setStateValue("restored", { id: data.want, lab: read(data.want) });
    return;
  }
  if (data.store) report(component, !write(data.store));
  if (!isBehind(data.seen)) show(data.address);
}

let isFailing = false;

/** Tell Python when storing begins to fail, and when it works again. */
function report({ setStateValue }, failed) {
  if (failed !== isFailing) setStateValue("failed", failed);
  isFailing = failed;
}

/** Keep a lab that is newer than the last run, unless this one is too large for an address. */
export function showAddress(lab) {
  const isStored = new URL(location.href).searchParams.get("lab")?.startsWith(STORED);
  if (!isStored && lab.length <= ADDRESS_LIMIT) show(lab);
}

/** Put the lab into the address, or take it out where it is the one everybody starts with. */
function show(lab) {
  const url = new URL(location.href);
  if ((url.searchParams.get("lab") ?? "") === lab) return;
  if (lab) url.searchParams.set("lab", lab);
  else url.searchParams.delete("lab");
  history.replaceState(history.state, "", url);
}

function read(id) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + id))?.lab ?? null;
  } catch {
    return null; // blocked, or not ours
  }
}

function write({ id, lab }) {
  const entry = JSON.stringify({ lab, time: Date.now() });
  for (const kept of [KEPT, 1]) {
    try {
      forgetOldest(kept, PREFIX + id);
      localStorage.setItem(PREFIX + id, entry);
      return true;
    } catch {
      // Full: the next try makes all the room there is. Blocked: so it stays.
    }
  }
  return false;
}

/** Leave the newest labs only, this one among them. */
function forgetOldest(kept, own) {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX) && name !== own);
  names.sort((a, b) => timeOf(b) - timeOf(a));
  for (const name of names.slice(kept - 1)) localStorage.removeItem(name);
}

function timeOf(name) {
  try {
    return JSON.parse(localStorage.getItem(name)).time ?? 0;
  } catch {
    return 0; // not ours, or damaged
  }
}
