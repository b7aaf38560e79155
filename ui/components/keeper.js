/**
 * keeper: keeps the lab in the page's address or, when it is too large for one, in this browser.
 *
 * data = { address, page, seen, store: {id, lab} | null, want: id | null, most_bytes }
 *
 * `want` asks for a lab that this browser stored: the answer is the state "restored" = {id, lab},
 * with lab null where there is none. Being on every page, it also takes what is dropped on the page
 * (drops.js), which it tells as the trigger "dropped".
 */
import { showLab } from "./address.js";
import { takeDrops } from "./drops.js";
import { isBehind } from "./live.js";

const PREFIX = "attention-lab:";
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
  if (!isBehind(data.seen)) showLab(data.address);
}

let isFailing = false;

/** Tell Python when storing begins to fail, and when it works again. */
function report({ setStateValue }, failed) {
  if (failed !== isFailing) setStateValue("failed", failed);
  isFailing = failed;
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
