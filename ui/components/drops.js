/**
 * drops: a file dropped anywhere on any page opens, wherever no field of its own takes it.
 *
 * A lab or embeddings go to Python as the trigger "dropped" = {name, serial, content}, in base64. A
 * file of tensors is handed to the field of the page "Your tensors": from elsewhere Python is
 * asked to turn there ({name, serial, turn: true}), while the file waits here. What is larger than
 * `data.most_bytes` is not read.
 */
import { make } from "./elements.js";

const TEXTS = /\.(json|csv)$/i;
const TENSORS = /\.(npz|npy|safetensors)$/i;
const PAGE = "your_tensors";
const FIELD = '[class*="st-key-_tensor_file"] input[type="file"]';
const PATIENCE_MS = 10_000;
const NOTICE = "Drop a lab (.json), embeddings (.csv) or tensors (.npz, .npy, .safetensors)";

let latest = null; // the keeper's component, as of the last run
let carried = null; // a file on its way to its page
let notice = null;
let hiding = 0;

/** Let drops be told to this component; brings a waiting file to its field. */
export function takeDrops(component) {
  if (!latest) listen();
  latest = component;
  if (carried && component.data.page === PAGE) deliver(Date.now() + PATIENCE_MS);
}

function listen() {
  document.addEventListener("dragover", over);
  document.addEventListener("drop", (event) => drop(event).catch(() => tell({ name: "" })));
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? hide());
}

function over(event) {
  if (!isOurs(event)) return hide();
  event.preventDefault(); // or the browser opens the file instead of the page
  event.dataTransfer.dropEffect = "copy";
  show();
}

async function drop(event) {
  hide();
  if (!isOurs(event)) return;
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (!file) return;
  const isHere = latest.data.page === PAGE;
  if (TENSORS.test(file.name) || (isHere && /\.csv$/i.test(file.name))) {
    carried = file;
    if (isHere) deliver(Date.now() + PATIENCE_MS);
    else tell({ name: file.name, turn: true });
  } else if (TEXTS.test(file.name) && file.size <= latest.data.most_bytes) {
    tell({ name: file.name, content: await base64(file) });
  } else {
    tell({ name: file.name, size: file.size });
  }
}

/** Whether an event brings files that no field below it takes. */
function isOurs(event) {
  const hasFiles = event.dataTransfer?.types.includes("Files");
  return hasFiles && !event.composedPath().some(
    (node) => node.dataset?.testid === "stFileUploaderDropzone");
}

function tell(message) {
  latest.setTriggerValue("dropped", { serial: Date.now(), ...message });
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Put the waiting file into the field of its page, as soon as there is one. */
function deliver(until) {
  const field = document.querySelector(FIELD);
  if (!carried || (!field && Date.now() > until)) return;
  if (!field) {
    requestAnimationFrame(() => deliver(until));
    return;
  }
  const transfer = new DataTransfer();
  transfer.items.add(carried);
  carried = null;
  field.files = transfer.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function show() {
  notice ??= made();
  const { backgroundColor, color } = getComputedStyle(document.querySelector(".stApp"));
  Object.assign(notice.style, { backgroundColor, color, display: "block" });
  clearTimeout(hiding);
  hiding = setTimeout(hide, 1000); // some browsers do not say that a drag has ended
}

function hide() {
  if (notice) notice.style.display = "none";
}

function made() {
  const found = make("div", {}, NOTICE);
  Object.assign(found.style, {
    position: "fixed", left: "50%", bottom: "24px", transform: "translateX(-50%)",
    boxSizing: "border-box", width: "max-content", maxWidth: "calc(100vw - 32px)",
    padding: "12px 20px", border: "2px dashed currentColor", borderRadius: "8px",
    font: "600 16px sans-serif", zIndex: "999999", pointerEvents: "none",
  });
  document.body.append(found);
  return found;
}
