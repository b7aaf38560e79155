/**
 * shelf: keeps one small file of tensors in this browser, so that a reload brings it back.
 *
 * data = { store: {id, name, content} | null, want: id | null }
 *
 * A wanted file is answered with the trigger "restored" = {id, name, content}, content null where it
 * is not here. That storing fails is told as the state "failed", the file's id, and nothing where it
 * works: each answer is a run of the page. Contents are in base64.
 */
const PREFIX = "attention-lab-tensors:";
let failed = null; // the file that could not be stored

/** Store or give back the file that `component.data` names. */
export default function shelf({ data, setStateValue, setTriggerValue }) {
  if (data.want) setTriggerValue("restored", { id: data.want, ...read(data.want) });
  else if (data.store) report(data.store.id, !write(data.store), setStateValue);
}

/** Tell Python when storing begins to fail, and when it works again. */
function report(id, hasFailed, setStateValue) {
  const now = hasFailed ? id : null;
  if (now !== failed) setStateValue("failed", now);
  failed = now;
}

function read(id) {
  try {
    const { name, content } = JSON.parse(localStorage.getItem(PREFIX + id));
    return { name, content };
  } catch {
    return { name: "", content: null }; // blocked, or not here
  }
}

function write({ id, name, content }) {
  try {
    if (localStorage.getItem(PREFIX + id) !== null) return true;
    const others = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    for (const other of others) if (other !== PREFIX + id) localStorage.removeItem(other);
    localStorage.setItem(PREFIX + id, JSON.stringify({ name, content }));
    return true;
  } catch {
    return false; // full or blocked
  }
}
