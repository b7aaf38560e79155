/**
 * The elements of the matrix table: building them, arranging them by row id, painting values and
 * marks into them, and finding a cell from an element or a position. Decides nothing.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */

import { make, setText } from "./elements.js";
import { cellKey } from "./matrix_table_ops.js";
import { shortText } from "./matrix_table_parse.js";

// ---- Building ----

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
  view.scroller = make("div", { class: "scroller" }, view.table);
  view.frame = make("div", { class: "frame" }, view.scroller);
  view.wide = make("div", { class: "wide" });
  view.root.replaceChildren(tools, view.frame, view.wide, buildPager(view), view.message);
}

function buildPager(view) {
  view.previous = make("button", { type: "button" }, "Previous rows");
  view.next = make("button", { type: "button" }, "Next rows");
  view.where = make("span", { class: "where", role: "status" });
  view.goToRow = make("select");
  const label = make("label", {}, "Go to row ", view.goToRow);
  view.pager = make("div", { class: "pager", role: "group", "aria-label": "Rows of the table" });
  view.pager.append(view.previous, view.where, view.next, label);
  return view.pager;
}

function buildLine() {
  const label = make("bdi");
  const reset = make("button", { type: "button", class: "reset", tabindex: "-1" }, "↺");
  // Out of the Tab order, so that typing along with Tab never lands on a button that has just
  // appeared; the keyboard has Ctrl+Delete instead.
  reset.title = "Reset this row (Ctrl+Delete)";
  reset.setAttribute("aria-keyshortcuts", "Control+Delete");
  const th = make("th", { scope: "row" }, make("span", { class: "label" }, label));
  const tr = make("tr", {}, th, make("td", { class: "tail" }, reset));
  return { tr, label, inputs: [], reset, painted: [] };
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
  const spare = takeOut(view);
  const lines = rows.map(({ id }) => view.lines.get(id) ?? spare.pop() ?? buildLine());
  for (const { tr } of spare) tr.remove();
  view.lines = new Map(rows.map(({ id }, row) => [id, lines[row]]));
  arrange(view, lines);
  const repeated = repeatedLabels(rows);
  lines.forEach((line, row) => labelLine(view, line, row, repeated));
}

/** Take out the lines whose rows are gone; the next ones get their elements, but no focus. */
function takeOut(view) {
  const focused = focusedElement(view);
  const spare = [];
  for (const [id, line] of view.lines) {
    if (view.index.has(id)) continue;
    if (line.tr.contains(focused)) line.tr.remove();
    else spare.push(line);
  }
  return spare.reverse();
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

/** The number of a row of the page, as tokens are counted. */
const numberOf = (view, row) => view.first + row + view.data.count_from;

function labelLine(view, line, row, repeated) {
  const { columns, rows } = view.data;
  const { id, label } = rows[row];
  line.painted = [];
  line.tr.dataset.row = id;
  line.label.textContent = label;
  line.label.parentElement.title = label;
  while (line.inputs.length > columns.length) line.inputs.pop().parentElement.remove();
  while (line.inputs.length < columns.length) {
    line.inputs.push(buildInput());
    line.tr.lastElementChild.before(make("td", {}, line.inputs.at(-1)));
  }
  const which = repeated.has(label) ? `, row ${numberOf(view, row)}` : "";
  line.inputs.forEach((input, c) =>
    input.setAttribute("aria-label", `${label} ${columns[c]}${which}`),
  );
  line.reset.setAttribute("aria-label", `Reset row ${label}${which}`);
}

const isolate = (text) => make("bdi", {}, text);

/** A page whose numbers are not here yet: its rows are known, called by their words. */
export function blankPage(data, first) {
  const ids = data.page.ids.slice(first, first + data.page.size);
  return {
    ...data,
    page: { ...data.page, first },
    rows: ids.map((id) => ({ id, label: wordOf(id), edited: false })),
    cells: ids.map(() => []),
    edited: [],
  };
}

const wordOf = (id) => id.slice(0, id.lastIndexOf("|"));

// ---- Painting: the only place that writes values and marks into the elements ----

const FOCUSED = 1;
const BAD = 2;
const MARKS = { edited: 4, lit: 8, editing: 16, selected: 32 };

export function paint(view) {
  view.echo = view.outbox.echo();
  paintFrame(view);
  const block = selectedBlock(view);
  const focused = focusedElement(view);
  view.data.rows.forEach(({ id, edited }, row) => {
    const line = view.lines.get(id);
    if (!edited && focused === line.reset) line.inputs.at(-1)?.focus();
    if (line.reset.hidden === edited) line.reset.hidden = !edited;
    line.inputs.forEach((input, column) => {
      const place = { id, row, column };
      paintCell(view, line, place, input, flagsOf(view, place, input, focused, block));
    });
  });
  paintMessage(view);
  paintPager(view);
}

function flagsOf(view, { id, row, column }, input, focused, block) {
  const at = row * view.data.columns.length + column;
  let flags = 0;
  if (focused === input) flags |= FOCUSED;
  if (view.bad.size > 0 && view.bad.has(cellKey(id, column))) flags |= BAD;
  if (view.edited.has(at)) flags |= MARKS.edited;
  if (view.lit.has(at)) flags |= MARKS.lit;
  if (view.edit?.input === input) flags |= MARKS.editing;
  if (block && isInside(block, row, column)) flags |= MARKS.selected;
  return flags;
}

/** Touch a cell's elements only where its value or its flags are not those painted last. */
function paintCell(view, line, place, input, flags) {
  const value = valueAt(view, place);
  const last = line.painted[place.column];
  if (last?.flags === flags && last.value === value && !(flags & BAD)) return;
  line.painted[place.column] = { value, flags };
  const marks = Object.keys(MARKS).filter((name) => flags & MARKS[name]).join(" ");
  if (input.parentElement.className !== marks) input.parentElement.className = marks;
  const bad = flags & BAD ? view.bad.get(cellKey(place.id, place.column)) : null;
  paintText(input, value, bad, flags);
}

function paintText(input, value, bad, flags) {
  const full = value === undefined ? "" : String(value);
  const rounded = value === undefined ? "" : shortText(value);
  setAttribute(input, "title", rounded === full ? null : full);
  setAttribute(input, "aria-invalid", bad ? "true" : null);
  setAttribute(input, "aria-describedby", bad ? "message" : null);
  if (flags & MARKS.editing) return; // never touch what is being typed
  const text = bad?.text ?? (flags & FOCUSED ? full : rounded);
  if (input.value === text) return;
  input.value = text;
  if (flags & FOCUSED) input.select();
}

function paintFrame(view) {
  const { data, outbox } = view;
  setText(view.caption, data.label);
  const role = /^[a-z_-]+$/.test(data.role ?? "") ? data.role : "inputs";
  view.root.style.setProperty("--accent", `var(--lab-${role}, var(--st-primary-color))`);
  view.root.dataset.pending = outbox.ops.length; // for tests: 0 when the server knows everything
  const changes = outbox.changes();
  view.undo.disabled = !data.can_undo && !changes.some(({ op }) => op !== "undo");
  view.redo.disabled = !data.can_redo && !changes.some(({ op }) => op === "undo");
  const isChanged = data.can_reset || data.edited.length > 0 || changes.length > 0;
  view.resetAll.disabled = !isChanged && view.bad.size === 0;
}

function paintMessage(view) {
  const bad = Array.from(view.bad.values()).findLast(({ id }) => view.index.has(id));
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
  const which = isRepeated ? ` (row ${numberOf(view, row)})` : "";
  const value = valueAt(view, bad);
  const used = value === undefined ? "" : `Still using ${value}. `;
  const rest = `${used}Type a number such as 0.5, or press Esc.`;
  const column = isolate(view.data.columns[bad.column]);
  return [isolate(label), `${which} · `, column, ": ", isolate(bad.quote), ` ${bad.problem}. ${rest}`];
}

function paintPager(view) {
  const { page, rows } = view.data;
  view.pager.hidden = !page;
  if (!page) return;
  const focused = focusedElement(view);
  const end = view.first + rows.length;
  setText(view.where, `Rows ${view.first + 1}–${end} of ${view.ids.length}`);
  view.previous.disabled = view.first === 0;
  view.next.disabled = end >= view.ids.length;
  if (focused?.disabled) (focused === view.next ? view.previous : view.next).focus();
  paintChoice(view, end);
}

/** Offer every row by its number and word; the one on show stays chosen while it is on the page. */
function paintChoice(view, end) {
  const { ids } = view.data.page;
  const names = ids.join("\n");
  if (view.offered !== names) {
    view.offered = names;
    const option = (id, row) => make("option", { value: row }, `${row + 1} · ${wordOf(id)}`);
    view.goToRow.replaceChildren(...ids.map(option));
  }
  const chosen = Number(view.goToRow.value);
  if (chosen < view.first || chosen >= end) view.goToRow.value = String(view.first);
}

/** Show that there is more than fits to the right, in words and by a shade at the edge. */
export function markEdges(view) {
  const { scrollLeft, scrollWidth, clientWidth } = view.scroller;
  const isWide = scrollWidth > clientWidth + 1;
  view.frame.classList.toggle("more", isWide && scrollLeft + clientWidth < scrollWidth - 1);
  const text = isWide ? `${view.data.columns.length} columns: scroll sideways to see them all.` : "";
  setText(view.wide, text);
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

// ---- Finding ----

export const focusedElement = (view) => view.root.getRootNode().activeElement;

/** The value in use: what the user has set, acknowledged or not; undefined where unknown here. */
export function valueAt(view, { id, column }) {
  const own = view.echo.size > 0 ? view.echo.get(cellKey(id, column)) : undefined;
  return own ?? view.data.cells[view.index.get(id)]?.[column];
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
