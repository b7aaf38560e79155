/**
 * sharing: copies the page's address, shows it as a QR code, and opens the print dialog.
 *
 * data = { can_copy, code: { size, path } | null }
 *
 * `size` is the code's width in modules with the white around it, `path` its dark modules as SVG.
 */
const SVG = "http://www.w3.org/2000/svg";
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

function make(tag, parent, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  parent.append(element);
  return element;
}

function build(root) {
  const state = {};
  const row = make("div", root, { className: "row" });
  const button = (textContent, onclick) => make("button", row, { type: "button", textContent, onclick });
  state.copy = button("Copy the link", () => copy(state));
  state.open = button("Show QR code", () => openCode(state));
  button("Print this page", () => print());
  state.said = make("p", root, { className: "said" });
  state.said.setAttribute("role", "status");
  state.field = make("input", root, { readOnly: true, hidden: true, onfocus: (event) => event.target.select() });
  state.field.setAttribute("aria-label", "Link to this lab");
  state.dialog = make("dialog", root);
  state.dialog.setAttribute("aria-label", "QR code of this page");
  state.picture = document.createElementNS(SVG, "svg");
  state.picture.setAttribute("role", "img");
  state.picture.setAttribute("aria-label", "QR code: a camera that reads it opens this lab");
  state.dialog.append(state.picture);
  make("button", state.dialog, { type: "button", textContent: "Close", onclick: () => state.dialog.close() });
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
  const shapes = [["rect", { width: size, height: size, fill: "#ffffff" }], ["path", { d: path, fill: "#000000" }]];
  picture.replaceChildren(...shapes.map(([name, values]) => {
    const shape = document.createElementNS(SVG, name);
    Object.entries(values).forEach(([key, value]) => shape.setAttribute(key, value));
    return shape;
  }));
}
