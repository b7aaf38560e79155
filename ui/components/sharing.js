/**
 * sharing: copies the page's address, shows it as a QR code, and opens the print dialog.
 *
 * data = { can_copy, code: { size, path } | null }
 *
 * `size` is the code's width in modules with the white around it, `path` its dark modules as SVG.
 */
import { make, makeSvg } from "./elements.js";

const SAID_MS = 4000;
const instances = new WeakMap();

/** Show what can be done with `component.data`; called again for new data. */
export default function sharing(component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  const state = instances.get(parentElement) ?? build(root);
  instances.set(parentElement, state);
  state.copy.hidden = !data.can_copy;
  state.open.hidden = !data.code;
  if (data.code) drawCode(state, data.code);
  return () => clearTimeout(state.timer);
}

function build(root) {
  const state = {};
  const button = (text, onclick) => make("button", { type: "button", onclick }, text);
  state.copy = button("Copy the link", () => copy(state));
  state.open = button("Show QR code", () => openCode(state));
  const print = button("Print this page", () => window.print());
  state.said = make("p", { class: "said", role: "status" });
  const select = (event) => event.target.select();
  state.field = make("input", { readonly: "", hidden: "", "aria-label": "Link to this lab", onfocus: select });
  const says = "QR code: a camera that reads it opens this lab";
  state.picture = makeSvg("svg", { role: "img", "aria-label": says });
  const close = button("Close", () => state.dialog.close());
  state.dialog = make("dialog", { "aria-label": "QR code of this page" }, state.picture, close);
  const row = make("div", { class: "row" }, state.copy, state.open, print);
  root.append(row, state.said, state.field, state.dialog);
  return state;
}

/** Copy the address as it is now: an edit may have changed it since the last run. */
async function copy(state) {
  try {
    await navigator.clipboard.writeText(location.href);
    say(state, "Copied.");
  } catch {
    // Not over plain http, or not allowed: the link is shown and selected, for Ctrl+C.
    state.field.hidden = false;
    state.field.value = location.href;
    state.field.focus();
    say(state, "This browser does not let a page copy. The link is selected: press Ctrl+C or ⌘C.");
  }
}

function say(state, text) {
  state.said.textContent = text;
  clearTimeout(state.timer);
  if (state.field.hidden) state.timer = setTimeout(() => { state.said.textContent = ""; }, SAID_MS);
}

function openCode(state) {
  state.dialog.showModal();
}

function drawCode({ picture }, { size, path }) {
  picture.setAttribute("viewBox", `0 0 ${size} ${size}`);
  const paper = makeSvg("rect", { width: size, height: size, fill: "#ffffff" });
  picture.replaceChildren(paper, makeSvg("path", { d: path, fill: "#000000" }));
}
