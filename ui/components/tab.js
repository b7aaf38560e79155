/**
 * tab: a name for this browser tab, which outlives a reload but not the tab.
 *
 * data = { name }  for a tab that has none yet; nobody can guess it
 *
 * A tab that has another one answers with the state "known".
 */
const KEY = "attention-lab:tab";

/** Bring the tab and the session to one name. */
export default function tab({ data, setStateValue }) {
  const known = nameOf(data.name);
  if (known !== data.name) setStateValue("known", known);
}

function nameOf(name) {
  try {
    const known = sessionStorage.getItem(KEY) ?? name;
    sessionStorage.setItem(KEY, known);
    return known;
  } catch {
    return name; // blocked: then it lasts until the reload
  }
}
