/**
 * explain: the arithmetic of one cell, each of its operands a button that leads further down, to the
 * cell in the user's own table.
 *
 * data = { scope, trail: [label], said, formula, operands: [{label, value, name, head, cell, is_input}], ack }
 *
 * To Python, as the state "walked": {name, head, row, column, serial} to explain an operand next, or
 * {back, serial} to return to an entry of the trail (-1 closes). `serial` grows above `data.ack`.
 */
import { make } from "./elements.js";
import { focus, point } from "./links.js";

const SHOWN = 12; // operands; the rest waits behind a button
const instances = new WeakMap();

/** Show `component.data`. */
export default function explain(component) {
  const root = component.parentElement.querySelector(".root");
  const view = instances.get(root) ?? { root, serial: 0, isOpen: false };
  instances.set(root, view);
  const key = JSON.stringify(component.data);
  view.component = component;
  if (key !== view.key) draw(view);
  view.key = key;
  return () => {
    unpoint(view);
    instances.delete(root);
  };
}

function draw(view) {
  const { data } = view.component;
  const hadFocus = view.root.contains(view.root.getRootNode().activeElement);
  unpoint(view); // an element that is taken away does not say that the pointer left it
  const trail = make("nav", { class: "trail", "aria-label": "Where this number comes from" });
  data.trail.forEach((label, k) => trail.append(crumb(view, label, k)));
  trail.append(button("Close", "close", () => send(view, { back: -1 })));
  const formula = make("p", { class: "formula" }, data.formula);
  const list = make("ul", { class: "operands" });
  const shown = view.isOpen ? data.operands : data.operands.slice(0, SHOWN);
  for (const operand of shown) list.append(item(view, operand));
  const hidden = data.operands.length - shown.length;
  if (hidden > 0) list.append(more(view, hidden));
  const about = data.operands.length ? "It is made of these. Choose one to go on:" : "The run begins with this number: nothing comes before it.";
  const head = make("p", { class: "made" }, about);
  view.root.replaceChildren(trail, make("p", { class: "said" }, data.said), formula, head, list);
  if (hadFocus) (view.root.querySelector(".operand") ?? view.root.querySelector(".close")).focus();
}

/** Light what belongs to an operand; and no longer. */
function pointAt(view, name, cell, head) {
  view.pointed = name;
  point(view.component.data.scope, name, cell, head);
}

function unpoint(view) {
  if (view.pointed) pointAt(view, view.pointed, null);
  view.pointed = null;
}

function crumb(view, label, k) {
  const isLast = k === view.component.data.trail.length - 1;
  if (!isLast) return button(label, "crumb", () => send(view, { back: k }));
  return make("span", { class: "crumb", "aria-current": "step" }, label);
}

function item(view, { label, value, name, head, cell, is_input: isInput }) {
  const { scope } = view.component.data;
  const choose = button("", "operand", () => {
    if (isInput) focus(scope, name, cell);
    else send(view, { name, head, row: cell[0], column: cell[1] });
  });
  choose.append(make("span", { class: "label" }, label), make("code", {}, value));
  choose.onmouseenter = choose.onfocus = () => pointAt(view, name, cell, head);
  choose.onmouseleave = choose.onblur = () => unpoint(view);
  return make("li", {}, choose);
}

function more(view, hidden) {
  return make("li", {}, button(`… ${hidden} more`, "operand", () => {
    view.isOpen = true;
    draw(view);
  }));
}

function send(view, choice) {
  const { data, setStateValue } = view.component;
  view.serial = Math.max(view.serial, data.ack) + 1;
  view.isOpen = false;
  setStateValue("walked", { ...choice, serial: view.serial });
}

function button(text, className, onclick) {
  return make("button", { type: "button", class: className, onclick }, text);
}
