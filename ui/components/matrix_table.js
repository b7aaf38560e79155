/**
 * An editable matrix that feels like a spreadsheet: one native text input per cell.
 *
 * From Python, at every run:
 *   data = { name, label, columns: [text], rows: [{id, label, edited}], cells: [[number]],
 *            edited: [[row, column]], matrix, lab, count_from, ack, can_undo, can_redo, can_reset,
 *            limit, role, message, page: null | {ids: [row_id], size, first} }
 * Of a matrix too large for one page, rows, cells and edited are those of the page that begins with
 * row `first`; `page.ids` names the rows of all pages.
 * To Python, as the state `pending`: { ops: [...] }, the operations not acknowledged yet, see
 * matrix_table_ops.js. `ack` is the highest operation id the server has applied.
 *   {id, op: "set", gesture, cells: [[row_id, column, number]]}   one gesture is one undo step
 *   {id, op: "undo" | "redo" | "reset"}   {id, op: "reset_row", row: row_id}
 *   {id, op: "page", row: position}
 *
 * Turning a page shows its rows at once, with empty cells until the numbers come: what is typed or
 * pasted there meanwhile goes by row id, as ever.
 *
 * The table takes part in the page's links (links.js) as the matrix `matrix` of the main scope:
 * pointing at a cell lights what it feeds, and it lights and focuses when others ask.
 *
 * Mount the table last in its run, in a container that stands first on the page: its new `ack` asks
 * for the next message, which would otherwise interrupt the run before the figures below are drawn.
 *
 * The accent is the CSS variable --lab-<role>, or the theme's primary colour where it is not set.
 *
 * A cell is type="text", not "number": Chromium's number input silently turns "1,5" into 15 and
 * hides "1e400" from us; here every typed character reaches parseNumber, which can complain.
 */

import { join, point } from "./links.js";
import { ask, joinTable } from "./live.js";
import { Outbox, cellKey } from "./matrix_table_ops.js";
import { decimalsOf, parseBlock, parseNumber, scrubbedValue } from "./matrix_table_parse.js";
import {
  blankPage,
  buildSkeleton,
  focusedElement,
  layOut,
  locate,
  markEdges,
  paint,
  placeAt,
  selectedBlock,
  valueAt,
} from "./matrix_table_view.js";

const SCOPE = "main";
const SCRUB_THRESHOLD = 4; // px: less is a click
const GEARS = {
  normal: { step: 0.01, decimals: 2 },
  coarse: { step: 0.1, decimals: 1 }, // with Shift
  fine: { step: 0.001, decimals: 3 }, // with Alt
};

const views = new WeakMap();
const outboxes = new Map(); // by name: what was not sent when its page was left goes out on return

/** Draw the table, or bring it up to date; called again at each run and theme change. */
export default function matrixTable(component) {
  const root = component.parentElement.querySelector(".root");
  const view = views.get(root) ?? createView(root, component.data.name);
  view.component = component;
  receive(view, component.data);
  return () => {
    view.outbox.stop();
    view.leave?.();
    view.leave = null;
    view.shape = "";
  };
}

function createView(root, name) {
  const view = {
    root,
    lines: new Map(), // row id -> {tr, label, inputs, reset}
    edit: null, // {id, column, input, isTyped}: the cell whose text is being edited
    press: null, // a pointer that is down on a cell, perhaps scrubbing
    selection: null, // {anchor, head}: each {id, column}
    bad: new Map(), // cellKey -> {id, column, text, quote, problem}, most recent last
    note: "", // why a paste was refused
    lit: new Set(),
  };
  view.outbox = outboxes.get(name) ?? new Outbox();
  outboxes.set(name, view.outbox);
  view.outbox.reopen(
    (ops) => view.component.setStateValue("pending", { ops }),
    (ops) => ask(name, view.data.lab, ops),
  );
  joinTable(name, () => view.outbox.ops);
  buildSkeleton(view);
  listen(view);
  views.set(root, view);
  return view;
}

// ---- New data ----

function receive(view, data) {
  const first = wantedPage(view, data);
  show(view, first === (data.page?.first ?? 0) ? data : blankPage(data, first));
  view.outbox.acknowledge(data.ack);
  paint(view);
}

/** The first row of the page the user is at: perhaps a later one than the server knows of. */
function wantedPage(view, { page, ack }) {
  if (!page) return 0;
  const row = Math.min(view.outbox.turnedTo(ack) ?? page.first, page.ids.length - 1);
  return row - (row % page.size);
}

function show(view, data) {
  view.data = data;
  view.first = data.page?.first ?? 0;
  view.ids = data.page?.ids ?? data.rows.map(({ id }) => id);
  view.index = new Map(data.rows.map((row, position) => [row.id, position]));
  view.edited = new Set(data.edited.map(([row, column]) => row * data.columns.length + column));
  forgetVanished(view);
  const labels = data.rows.map(({ id, label }) => [id, label]);
  const shape = JSON.stringify([data.columns, view.ids.length, view.first, labels]);
  if (shape !== view.shape) changeShape(view, shape);
}

function changeShape(view, shape) {
  view.shape = shape;
  view.lit = new Set();
  view.isChangingShape = true;
  layOut(view);
  view.isChangingShape = false;
  view.leave?.();
  view.leave = join({
    scope: SCOPE,
    name: view.data.matrix,
    shape: [view.ids.length, view.data.columns.length],
    of: [],
    reads: [],
    light: (regions) => light(view, regions),
    focus: ([row, column]) => focusIfThere(view, row, column),
  });
}

function exists(view, { id, column }) {
  return view.index.has(id) && column < view.data.columns.length;
}

/**
 * Rows and columns come and go with the sentence: drop what belonged to cells that are gone. A text
 * that is no number waits for its page to come back.
 */
function forgetVanished(view) {
  for (const [key, { id, column }] of view.bad) {
    if (!view.ids.includes(id) || column >= view.data.columns.length) view.bad.delete(key);
  }
  if (view.press && !exists(view, view.press)) endPress(view);
  if (view.edit && !exists(view, view.edit)) view.edit = null;
  const { selection } = view;
  if (selection && !(exists(view, selection.anchor) && exists(view, selection.head))) {
    view.selection = null;
  }
}

// ---- Pages ----

/** Put the focus on a cell of the whole matrix, turning to its page where that is another. */
function goTo(view, position, column) {
  const row = Math.min(Math.max(position, 0), view.ids.length - 1);
  turnTo(view, row);
  focusAt(view, row - view.first, column);
}

/** Turn to the page of a row, if that is another one. */
function turnTo(view, row) {
  const { page, rows } = view.data;
  if (!page || (row >= view.first && row < view.first + rows.length)) return;
  commit(view);
  const first = row - (row % page.size);
  view.outbox.turn(first);
  show(view, blankPage(view.data, first));
  paint(view);
}

/** Turn a page by its button, which keeps the focus. */
function turnBy(view, pages) {
  const { size } = view.data.page;
  turnTo(view, Math.min(view.first + pages * size, view.ids.length - 1));
  view.scroller.scrollTop = 0;
}

function onChange(view, event) {
  if (event.target !== view.goToRow) return;
  const row = Number(view.goToRow.value);
  turnTo(view, row);
  placeAt(view, row - view.first, 0).input.scrollIntoView({ block: "nearest" });
}

// ---- Selecting ----

function focusAt(view, row, column) {
  const { input } = placeAt(view, row, column);
  if (focusedElement(view) !== input) return input.focus(); // onFocusin does the rest
  input.select();
  selectBlock(view, row, column, row, column);
}

function selectBlock(view, row, column, lastRow, lastColumn) {
  const anchor = placeAt(view, row, column);
  view.selection = { anchor, head: placeAt(view, lastRow, lastColumn) };
  paint(view);
}

function extendTo(view, row, column) {
  view.selection.head = placeAt(view, row, column);
  view.selection.head.input.scrollIntoView({ block: "nearest", inline: "nearest" });
  paint(view);
}

// ---- Typing ----

function beginEdit(view, { id, column, input }) {
  if (view.edit?.input === input) return;
  view.edit = { id, column, input, isTyped: false };
  if (view.selection) view.selection.head = view.selection.anchor;
  paint(view);
}

/** Take over what was typed; false when it is no number, which then stays where it is. */
function commit(view) {
  const { edit } = view;
  view.edit = null;
  if (!edit?.isTyped) return true;
  const text = edit.input.value;
  const key = cellKey(edit.id, edit.column);
  view.bad.delete(key);
  view.note = "";
  const { value, quote, problem } = parseNumber(text, view.data.limit);
  if (problem) view.bad.set(key, { id: edit.id, column: edit.column, text, quote, problem });
  else setCells(view, [[edit.id, edit.column, value]]);
  return !problem;
}

/** Send the cells that change; none when nothing does. Returns the gesture, if there is one. */
function setCells(view, cells, gesture) {
  view.note = "";
  for (const [id, column] of cells) view.bad.delete(cellKey(id, column));
  const isChange = ([id, column, value]) => valueAt(view, { id, column }) !== value;
  const changed = view.outbox.awaitsHistory() ? cells : cells.filter(isChange);
  return changed.length > 0 ? view.outbox.set(changed, gesture) : gesture;
}

/** Back to the last good value of a cell; false when there is nothing to take back. */
function restore(view, at) {
  const isTyped = view.edit?.isTyped;
  const isBad = at && view.bad.delete(cellKey(at.id, at.column));
  view.edit = null;
  paint(view);
  at?.input?.select();
  return Boolean(isTyped || isBad);
}

function orderHistory(view, op) {
  view.edit = null;
  view.note = "";
  view.outbox.order(op);
  paint(view);
}

function resetRow(view, id) {
  for (const [key, bad] of view.bad) if (bad.id === id) view.bad.delete(key);
  view.outbox.order("reset_row", { row: id });
  paint(view);
}

function resetAll(view) {
  view.bad.clear();
  orderHistory(view, "reset");
}

// ---- Keyboard: a handler returns false to leave the key to the browser ----

function onKeydown(view, event) {
  event.stopPropagation(); // Streamlit has shortcuts on the document: r, c
  if (event.isComposing) return;
  const handled = keyHandler(view, event)?.(view, event, locate(view, event.target));
  if (handled !== undefined && handled !== false) event.preventDefault();
}

function keyHandler(view, event) {
  const isShortcut = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (isShortcut) return SHORTCUTS[event.key?.toLowerCase()];
  if (event.altKey || event.target.tagName !== "INPUT") return undefined;
  if (view.press?.isScrubbing) return SCRUBBING[event.key];
  return (view.edit ? EDITING : READY)[event.key];
}

const step = (rows, columns) => (view, event, { row, column }) => {
  const head = view.selection?.head;
  if (event.shiftKey && head) {
    extendTo(view, view.index.get(head.id) + rows, head.column + columns);
  } else goTo(view, view.first + row + rows, column + columns);
  return true;
};

/** Take over what was typed and go some rows on; stay where it is no number. */
function commitAndGo(view, { row, column }, rows) {
  const go = () => {
    const isGood = commit(view);
    goTo(view, view.first + (isGood ? row + rows : row), column);
  };
  const isOnPage = row + rows >= 0 && row + rows < view.data.rows.length;
  if (isOnPage) go(); // what was typed is on its way before the focus moves
  else view.outbox.together(go);
  paint(view);
}

const enter = (view, event, at) => {
  commitAndGo(view, at, event.shiftKey ? -1 : 1);
  return true;
};

const commitAndStep = (rows) => (view, event, at) => {
  if (event.shiftKey) return false; // extends the selection of text
  commitAndGo(view, at, rows);
  return true;
};

const turnPage = (pages) => (view, event, at) => {
  if (!view.data.page) return false;
  commitAndGo(view, at, pages * view.data.page.size);
  return true;
};

const escape = (view, event, at) => {
  restore(view, at);
  selectBlock(view, at.row, at.column, at.row, at.column);
  return true;
};

const toColumn = (column) => (view, event, { row }) => {
  focusAt(view, row, column(view));
  return true;
};

const toCorner = (row, column) => (view, event, at) => {
  if (!at?.input || view.edit) return false;
  goTo(view, row, column);
  return true;
};

const undo = (view, event, at) => {
  if (event.shiftKey) return redo(view);
  if (!restore(view, at) && !view.undo.disabled) orderHistory(view, "undo");
  return true;
};

const redo = (view) => {
  if (!view.redo.disabled) orderHistory(view, "redo");
  return true;
};

const edit = (view, event, at) => {
  beginEdit(view, at);
  at.input.setSelectionRange(at.input.value.length, at.input.value.length);
  return true;
};

const deleteEdits = (view, event, at) => {
  if (!at?.input || view.edit || !view.data.rows[at.row].edited) return false;
  resetRow(view, at.id);
  return true;
};

const SHORTCUTS = {
  z: undo,
  y: redo,
  home: toCorner(0, 0),
  end: toCorner(Infinity, Infinity),
  delete: deleteEdits,
  backspace: deleteEdits,
};
const READY = {
  ArrowUp: step(-1, 0),
  ArrowDown: step(1, 0),
  ArrowLeft: step(0, -1),
  ArrowRight: step(0, 1),
  Home: toColumn(() => 0),
  End: toColumn((view) => view.data.columns.length - 1),
  PageUp: turnPage(-1),
  PageDown: turnPage(1),
  Enter: enter,
  F2: edit,
  Escape: escape,
};
const EDITING = {
  ArrowUp: commitAndStep(-1),
  ArrowDown: commitAndStep(1),
  PageUp: turnPage(-1),
  PageDown: turnPage(1),
  Enter: enter,
  Escape: escape,
};
const SCRUBBING = { Escape: (view) => cancelScrub(view) };

// ---- Focus, pointer and scrubbing ----

function onFocusin(view, event) {
  const at = locate(view, event.target);
  if (!at?.input) return;
  selectBlock(view, at.row, at.column, at.row, at.column); // also shows the full number
  at.input.select();
  tellHover(view, at);
}

function onFocusout(view) {
  if (view.isChangingShape) return; // its cell is being removed; painting follows
  commit(view);
  view.selection = null;
  paint(view);
  tellHover(view, null);
}

function tellHover(view, at) {
  point(SCOPE, view.data.matrix, at?.input ? [view.first + at.row, at.column] : null);
}

/** While a cell's text is being typed or put right, the mouse belongs to that text. */
function isTextMouse(view, at) {
  const isBad = view.bad.has(cellKey(at.id, at.column));
  if (isBad && focusedElement(view) === at.input) beginEdit(view, at);
  return view.edit?.input === at.input;
}

function onMousedown(view, event) {
  if (event.button !== 0 || event.target.closest("button")) return;
  const at = locate(view, event.target);
  const heading = event.target.closest("thead td, thead th");
  if (heading) pressHeading(view, event, heading.cellIndex - 1);
  else if (at?.column === -1) pressBlock(view, event, [at.row, 0, at.row, Infinity]);
  else if (at?.input && !isTextMouse(view, at)) {
    event.preventDefault(); // no caret and no text selection: a drag from here scrubs
    if (!event.shiftKey) focusAt(view, at.row, at.column);
  }
}

function pressHeading(view, event, column) {
  if (column === view.data.columns.length) return;
  const columns = column < 0 ? [0, Infinity] : [column, column];
  pressBlock(view, event, [0, columns[0], Infinity, columns[1]]);
}

function pressBlock(view, event, [row, column, lastRow, lastColumn]) {
  event.preventDefault();
  if (view.data.rows.length === 0) return;
  focusAt(view, row, column);
  selectBlock(view, row, column, lastRow, lastColumn);
}

function onPointerdown(view, event) {
  const at = locate(view, event.target);
  if (!at?.input || event.button !== 0 || !event.isPrimary || isTextMouse(view, at)) return;
  const start = valueAt(view, at);
  if (start === undefined) return; // its page is still on the way
  view.press = { ...at, start, value: start, from: event.clientX, x: event.clientX, travel: 0 };
  at.input.setPointerCapture(event.pointerId);
}

function onPointermove(view, event) {
  const { press } = view;
  if (!press) return;
  if (!press.isScrubbing && Math.abs(event.clientX - press.from) > SCRUB_THRESHOLD) {
    press.isScrubbing = true;
    press.decimals = 0;
    view.root.classList.add("scrubbing");
    if (event.pointerType === "mouse") focusAt(view, press.row, press.column);
  }
  if (press.isScrubbing) scrub(view, press, event);
}

function scrub(view, press, event) {
  const gear = event.shiftKey ? GEARS.coarse : event.altKey ? GEARS.fine : GEARS.normal;
  press.travel += (event.clientX - press.x) * gear.step;
  press.x = event.clientX;
  press.decimals = Math.max(press.decimals, gear.decimals, decimalsOf(press.start));
  moveTo(view, press, scrubbedValue(press.start, press.travel, press.decimals, view.data.limit));
}

function moveTo(view, press, value) {
  if (value === press.value) return;
  press.value = value;
  view.note = "";
  view.bad.delete(cellKey(press.id, press.column));
  press.gesture = view.outbox.set([[press.id, press.column, value]], press.gesture);
  paint(view);
}

function cancelScrub(view) {
  const { press } = view;
  if (press.gesture === undefined || !view.outbox.withdraw(press.gesture)) {
    moveTo(view, press, press.start);
  }
  endPress(view);
  paint(view);
  return true;
}

function endPress(view) {
  view.press = null;
  view.root.classList.remove("scrubbing");
}

function onPointerup(view, event) {
  const { press } = view;
  if (!press) return;
  endPress(view);
  if (!press.isScrubbing && event.shiftKey && view.selection) {
    extendTo(view, press.row, press.column);
  } else if (press.isScrubbing) press.input.select();
}

function onDoubleClick(view, event) {
  const at = locate(view, event.target);
  if (at?.input) edit(view, event, at);
}

function onClick(view, event) {
  const at = locate(view, event.target);
  if (event.target === view.undo) orderHistory(view, "undo");
  else if (event.target === view.redo) orderHistory(view, "redo");
  else if (event.target === view.resetAll) resetAll(view);
  else if (event.target === view.previous) turnBy(view, -1);
  else if (event.target === view.next) turnBy(view, 1);
  else if (at && event.target === view.lines.get(at.id).reset) resetRow(view, at.id);
}

// ---- Clipboard ----

function onCopy(view, event) {
  const block = selectedBlock(view);
  if (!block || view.edit) return; // one cell: the browser copies its selected text
  const rows = view.data.rows.slice(block.top, block.bottom + 1);
  const columns = view.data.columns.map((_, column) => column).slice(block.left, block.right + 1);
  if (rows.some(({ id }) => valueAt(view, { id, column: block.left }) === undefined)) return;
  const line = ({ id }) => columns.map((column) => valueAt(view, { id, column })).join("\t");
  event.clipboardData.setData("text/plain", rows.map(line).join("\n"));
  event.preventDefault();
}

function onPaste(view, event) {
  const at = locate(view, event.target);
  if (!at?.input) return;
  const { top, left } = selectedBlock(view) ?? { top: at.row, left: at.column };
  const columns = view.data.columns.length;
  const fits = { rows: view.ids.length - view.first - top, columns: columns - left };
  const block = parseBlock(event.clipboardData.getData("text/plain"), view.data.limit, fits);
  if (!block) return;
  event.preventDefault();
  view.edit = null;
  if (block.problem) view.note = block.problem;
  else pasteAt(view, top, left, block.rows);
  paint(view);
}

/** Set a block, which may go on beyond the page. */
function pasteAt(view, top, left, values) {
  const ids = view.ids.slice(view.first + top);
  const cells = values.flatMap((line, r) => line.map((value, c) => [ids[r], left + c, value]));
  setCells(view, cells);
  focusAt(view, top, left);
  selectBlock(view, top, left, top + values.length - 1, left + values[0].length - 1);
}

// ---- Wiring ----

function onInput(view, event) {
  const at = locate(view, event.target);
  if (!at?.input) return;
  beginEdit(view, at);
  view.edit.isTyped = true;
}

const LISTENERS = {
  keydown: onKeydown,
  keyup: (view, event) => event.stopPropagation(),
  keypress: (view, event) => event.stopPropagation(),
  beforeinput: onInput,
  input: onInput,
  focusin: onFocusin,
  focusout: onFocusout,
  mousedown: onMousedown,
  dblclick: onDoubleClick,
  pointerdown: onPointerdown,
  pointermove: onPointermove,
  pointerup: onPointerup,
  pointercancel: onPointerup,
  pointerover: (view, event) => tellHover(view, locate(view, event.target)),
  pointerleave: (view) => tellHover(view, null),
  click: onClick,
  change: onChange,
  copy: onCopy,
  cut: onCopy,
  paste: onPaste,
};

function listen(view) {
  for (const [type, handler] of Object.entries(LISTENERS)) {
    view.root.addEventListener(type, (event) => handler(view, event));
  }
  const edges = () => markEdges(view);
  view.scroller.addEventListener("scroll", edges, { passive: true });
  const sizes = new ResizeObserver(edges);
  sizes.observe(view.scroller);
  sizes.observe(view.table);
}

function focusIfThere(view, row, column) {
  if (row < view.ids.length && column < view.data.columns.length) goTo(view, row, column);
}

/** Light the cells that belong to the one pointed at elsewhere; nothing but their class changes. */
function light(view, regions) {
  const old = view.lit;
  const width = view.data.columns.length;
  const others = regions.filter(({ role }) => role !== "self");
  view.lit = new Set(others.flatMap((region) => cellsOf(view, region)));
  for (const at of new Set([...old, ...view.lit])) {
    const { input } = placeAt(view, Math.floor(at / width), at % width);
    input.parentElement.classList.toggle("lit", view.lit.has(at));
  }
}

/** The cells of a region that are on the page, numbered row by row. */
function cellsOf(view, { rows: [top, bottom], columns: [left, right] }) {
  const { rows, columns } = view.data;
  const last = Math.min(bottom - view.first, rows.length - 1);
  const cells = [];
  for (let row = Math.max(top - view.first, 0); row <= last; row += 1) {
    for (let column = left; column <= Math.min(right, columns.length - 1); column += 1) {
      cells.push(row * columns.length + column);
    }
  }
  return cells;
}
