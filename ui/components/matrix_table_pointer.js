/**
 * The focus, the mouse and the finger on the matrix table.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */
import { point } from "./links.js";
import {
  beginEdit,
  commit,
  editText,
  endPress,
  orderHistory,
  resetAll,
  resetRow,
  scrub,
} from "./matrix_table_edit.js";
import { cellKey } from "./matrix_table_ops.js";
import { SCOPE, extendTo, focusAt, selectBlock, turnBy } from "./matrix_table_rows.js";
import { focusedElement, locate, paint, valueAt } from "./matrix_table_view.js";

const SCRUB_THRESHOLD = 4; // px: less is a click

// ---- Focus ----

export function onFocusin(view, event) {
  const at = locate(view, event.target);
  if (!at?.input) return;
  selectBlock(view, at.row, at.column, at.row, at.column); // also shows the full number
  at.input.select();
  tellHover(view, at);
}

export function onFocusout(view) {
  if (view.isChangingShape) return; // its cell is being removed; painting follows
  commit(view);
  view.selection = null;
  paint(view);
  tellHover(view, null);
}

/** Tell the page's links which cell is pointed at. */
export function tellHover(view, at) {
  point(SCOPE, view.data.matrix, at?.input ? [view.first + at.row, at.column] : null);
}

// ---- Mouse and finger ----

/** While a cell's text is being typed or put right, the mouse belongs to that text. */
function isTextMouse(view, at) {
  const isBad = view.bad.has(cellKey(at.id, at.column));
  if (isBad && focusedElement(view) === at.input) beginEdit(view, at);
  return view.edit?.input === at.input;
}

export function onMousedown(view, event) {
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

export function onPointerdown(view, event) {
  const at = locate(view, event.target);
  if (!at?.input || event.button !== 0 || !event.isPrimary || isTextMouse(view, at)) return;
  const start = valueAt(view, at);
  if (start === undefined) return; // its page is still on the way
  view.press = { ...at, start, value: start, from: event.clientX, x: event.clientX, travel: 0 };
  at.input.setPointerCapture(event.pointerId);
}

export function onPointermove(view, event) {
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

export function onPointerup(view, event) {
  const { press } = view;
  if (!press) return;
  endPress(view);
  if (!press.isScrubbing && event.shiftKey && view.selection) {
    extendTo(view, press.row, press.column);
  } else if (press.isScrubbing) press.input.select();
}

export function onDoubleClick(view, event) {
  const at = locate(view, event.target);
  if (at?.input) editText(view, at);
}

export function onClick(view, event) {
  const at = locate(view, event.target);
  if (event.target === view.undo) orderHistory(view, "undo");
  else if (event.target === view.redo) orderHistory(view, "redo");
  else if (event.target === view.resetAll) resetAll(view);
  else if (event.target === view.previous) turnBy(view, -1);
  else if (event.target === view.next) turnBy(view, 1);
  else if (at && event.target === view.lines.get(at.id).reset) resetRow(view, at.id);
}
