/**
 * shelf: keeps one small file of tensors in this browser, so that a reload brings it back.
 *
 * data = { store: {id, name, content} | null, want: id | null }
 *
 * A stored file is answered with the state "kept" = {id, ok}; a wanted one with the trigger
 * "restored" = {id, name, content}, content null where it is not here. Contents are in base64.
 */
const PREFIX = "attention-lab-tensors:";

/** Store or give back the file that `component.data` names. */
export default function shelf({ data, setStateValue, setTriggerValue }) {
  if (data.want) setTriggerValue("restored", { id: data.want, ...read(data.want) });
  else if (data.store) setStateValue("kept", { id: data.store.id, ok: write(data.store) });
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
    const others = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    for (const other of others) if (other !== PREFIX + id) localStorage.removeItem(other);
    localStorage.setItem(PREFIX + id, JSON.stringify({ name, content }));
    return true;
  } catch {
    return false; // full or blocked
  }
}
