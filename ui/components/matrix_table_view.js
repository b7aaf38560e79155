/**
 * The elements of the matrix table: building them, arranging them by row id, painting values and
 * marks into them, and finding a cell from an element or a position. Decides nothing.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */

import { cellKey } from "./matrix_table_ops.js";
import { shortText } from "./matrix_table_parse.js";

// ---- Building ----

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function buildSkeleton(view) {
  const button = (text) => make("button", { type: "button" }, text);
  view.undo = button("Undo");
  view.redo = button("Redo");
  view.resetAll = button("Reset all");
  const hint = "Drag a number sideways to scrub it. Paste from a spreadsheet works.";
  const tools = make("div", { class: "tools" }, view.undo, view.redo, view.resetAll);
  tools.append(make("span", { class: "hint" }, hint));
  view.caption = make("caption");
  view.headings = make("tr");
  view.body = make("tbody");
  view.table = make("table", {}, view.caption, make("thead", {}, view.headings), view.body);
  view.message = make("div", { id: "message", class: "message", role: "status" });
  view.message.setAttribute("aria-live", "polite");
  view.root.replaceChildren(tools, make("div", { class: "scroller" }, view.table), view.message);
}

function buildLine(view, id) {
  const label = make("bdi");
  const reset = make("button", { type: "button", class: "reset", tabindex: "-1" }, "↺");
  // Out of the Tab order, so that typing along with Tab never lands on a button that has just
  // appeared; the keyboard has Ctrl+Delete instead.
  reset.title = "Reset this row (Ctrl+Delete)";
  reset.setAttribute("aria-keyshortcuts", "Control+Delete");
  const th = make("th", { scope: "row" }, make("span", { class: "label" }, label));
  const tr = make("tr", { "data-row": id }, th, make("td", { class: "tail" }, reset));
  const line = { tr, label, inputs: [], reset };
  view.lines.set(id, line);
  return line;
}

function buildInput() {
  return make("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    spellcheck: "false",
  });
}

// ---- Arranging ----

/** Make the elements match the rows and columns, keeping those that exist, and the focus. */
export function layOut(view) {
  const { columns, rows } = view.data;
  const headings = columns.map((name) => make("th", { scope: "col", title: name }, isolate(name)));
  view.headings.replaceChildren(make("td", { class: "corner" }), ...headings, make("td"));
  const lines = rows.map(({ id }) => view.lines.get(id) ?? buildLine(view, id));
  for (const [id, line] of view.lines) if (!view.index.has(id)) discard(view, id, line);
  arrange(view, lines);
  const repeated = repeatedLabels(rows);
  lines.forEach((line, row) => labelLine(line, rows[row], row, columns, repeated));
}

function discard(view, id, line) {
  view.lines.delete(id);
  line.tr.remove();
}

/** Put the lines in order by moving all but the one with the focus: moving that would blur it. */
function arrange(view, lines) {
  const elements = lines.map((line) => line.tr);
  const fixed = elements.indexOf(focusedElement(view)?.closest("tr"));
  if (fixed < 0) return view.body.append(...elements);
  elements[fixed].before(...elements.slice(0, fixed));
  elements[fixed].after(...elements.slice(fixed + 1));
}

function repeatedLabels(rows) {
  const seen = new Set();
  const isRepeat = ({ label }) => seen.has(label) || !seen.add(label);
  return new Set(rows.filter(isRepeat).map((row) => row.label));
}

function labelLine(line, { label }, row, columns, repeated) {
  line.label.textContent = label;
  line.label.parentElement.title = label;
  while (line.inputs.length > columns.length) line.inputs.pop().parentElement.remove();
  while (line.inputs.length < columns.length) {
    line.inputs.push(buildInput());
    line.tr.lastElementChild.before(make("td", {}, line.inputs.at(-1)));
  }
  const which = repeated.has(label) ? `, row ${row + 1}` : "";
  line.inputs.forEach((input, c) =>
    input.setAttribute("aria-label", `${label} ${columns[c]}${which}`),
  );
  line.reset.setAttribute("aria-label", `Reset row ${label}${which}`);
}

const isolate = (text) => make("bdi", {}, text);

// ---- Painting: the only place that writes values and marks into the elements ----

export function paint(view) {
  view.echo = view.outbox.echo();
  paintFrame(view);
  const selected = selectedBlock(view);
  const focused = focusedElement(view);
  view.data.rows.forEach(({ id, edited }, row) => {
    const { inputs, reset } = view.lines.get(id);
    if (!edited && focused === reset) inputs.at(-1)?.focus();
    reset.hidden = !edited;
    inputs.forEach((input, column) => {
      paintText(view, input, { id, row, column }, focused === input);
      paintMarks(view, input, { row, column }, selected);
    });
  });
  paintMessage(view);
}

function paintText(view, input, place, isFocused) {
  const value = valueAt(view, place);
  const bad = view.bad.get(cellKey(place.id, place.column));
  const rounded = shortText(value);
  setAttribute(input, "title", rounded === String(value) ? null : String(value));
  setAttribute(input, "aria-invalid", bad ? "true" : null);
  setAttribute(input, "aria-describedby", bad ? "message" : null);
  if (view.edit?.input === input) return; // never touch what is being typed
  const text = bad?.text ?? (isFocused ? String(value) : rounded);
  if (input.value === text) return;
  input.value = text;
  if (isFocused) input.select();
}

function paintMarks(view, input, { row, column }, block) {
  const marks = [];
  if (view.edited.has(`${row},${column}`)) marks.push("edited");
  if (view.lit.has(`${row},${column}`)) marks.push("lit");
  if (view.edit?.input === input) marks.push("editing");
  if (block && isInside(block, row, column)) marks.push("selected");
  const names = marks.join(" ");
  if (input.parentElement.className !== names) input.parentElement.className = names;
}

function paintFrame(view) {
  const { data, outbox } = view;
  if (view.caption.textContent !== data.label) view.caption.textContent = data.label;
  const role = /^[a-z_-]+$/.test(data.role ?? "") ? data.role : "inputs";
  view.root.style.setProperty("--accent", `var(--lab-${role}, var(--st-primary-color))`);
  view.root.dataset.pending = outbox.ops.length; // for tests: 0 when the server knows everything
  view.undo.disabled = !data.can_undo && !outbox.ops.some(({ op }) => op !== "undo");
  view.redo.disabled = !data.can_redo && !outbox.ops.some(({ op }) => op === "undo");
  const isChanged = data.can_reset || data.edited.length > 0 || outbox.ops.length > 0;
  view.resetAll.disabled = !isChanged && view.bad.size === 0;
}

function paintMessage(view) {
  const bad = Array.from(view.bad.values()).at(-1);
  const parts = view.note ? [view.note] : bad ? complaint(view, bad) : [view.data.message ?? ""];
  const text = parts.map((part) => part.textContent ?? part).join("");
  view.message.classList.toggle("alert", text !== "");
  // Written only when it differs: a screen reader announces every change.
  if (view.message.textContent !== text) view.message.replaceChildren(...parts);
}

function complaint(view, bad) {
  const row = view.index.get(bad.id);
  const { label } = view.data.rows[row];
  const isRepeated = view.data.rows.some((other, r) => other.label === label && r !== row);
  const which = isRepeated ? ` (row ${row + 1})` : "";
  const rest = `Still using ${valueAt(view, bad)}. Type a number such as 0.5, or press Esc.`;
  const column = isolate(view.data.columns[bad.column]);
  return [isolate(label), `${which} · `, column, ": ", isolate(bad.quote), ` ${bad.problem}. ${rest}`];
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

// ---- Finding ----

export const focusedElement = (view) => view.root.getRootNode().activeElement;

/** The value in use: what the user has set, acknowledged or not. */
export function valueAt(view, { id, column }) {
  return view.echo.get(cellKey(id, column)) ?? view.data.cells[view.index.get(id)][column];
}

/** Where an element is: {id, row, column, input}; column -1 is a label, the last one the ↺. */
export function locate(view, target) {
  const cell = target.closest?.("td, th");
  const id = cell?.parentElement.dataset.row;
  if (!view.index.has(id)) return null;
  const column = cell.cellIndex - 1;
  return { id, row: view.index.get(id), column, input: view.lines.get(id).inputs[column] };
}

export function placeAt(view, row, column) {
  const { rows, columns } = view.data;
  const r = Math.min(Math.max(row, 0), rows.length - 1);
  const c = Math.min(Math.max(column, 0), columns.length - 1);
  const { id } = rows[r];
  return { id, row: r, column: c, input: view.lines.get(id).inputs[c] };
}

/** The selected block in positions, or null when it is no more than one cell. */
export function selectedBlock(view) {
  if (!view.selection) return null;
  const { anchor, head } = view.selection;
  const rows = [view.index.get(anchor.id), view.index.get(head.id)];
  const columns = [anchor.column, head.column];
  const block = { top: Math.min(...rows), bottom: Math.max(...rows) };
  Object.assign(block, { left: Math.min(...columns), right: Math.max(...columns) });
  return block.top === block.bottom && block.left === block.right ? null : block;
}

function isInside({ top, bottom, left, right }, row, column) {
  return row >= top && row <= bottom && column >= left && column <= right;
}
