/**
 * Changing the numbers of the matrix table: by typing, by scrubbing, by undo, redo and reset.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */
import { cellKey } from "./matrix_table_ops.js";
import { decimalsOf, parseNumber, scrubbedValue } from "./matrix_table_parse.js";
import { paint, valueAt } from "./matrix_table_view.js";

const GEARS = {
  normal: { step: 0.01, decimals: 2 },
  coarse: { step: 0.1, decimals: 1 }, // with Shift
  fine: { step: 0.001, decimals: 3 }, // with Alt
};

// ---- Typing ----

/** Let the text of a cell be edited. */
export function beginEdit(view, { id, column, input }) {
  if (view.edit?.input === input) return;
  view.edit = { id, column, input, isTyped: false };
  if (view.selection) view.selection.head = view.selection.anchor;
  paint(view);
}

/** Edit the text of a cell from its end on. */
export function editText(view, at) {
  beginEdit(view, at);
  at.input.setSelectionRange(at.input.value.length, at.input.value.length);
}

/** Take over what was typed; false when it is no number, which then stays where it is. */
export function commit(view) {
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
export function setCells(view, cells, gesture) {
  view.note = "";
  for (const [id, column] of cells) view.bad.delete(cellKey(id, column));
  const isChange = ([id, column, value]) => valueAt(view, { id, column }) !== value;
  const changed = view.outbox.awaitsHistory() ? cells : cells.filter(isChange);
  return changed.length > 0 ? view.outbox.set(changed, gesture) : gesture;
}

/** Back to the last good value of a cell; false when there is nothing to take back. */
export function restore(view, at) {
  const isTyped = view.edit?.isTyped;
  const isBad = at && view.bad.delete(cellKey(at.id, at.column));
  view.edit = null;
  paint(view);
  at?.input?.select();
  return Boolean(isTyped || isBad);
}

// ---- History ----

/** Order an "undo", a "redo" or a "reset". */
export function orderHistory(view, op) {
  view.edit = null;
  view.note = "";
  view.outbox.order(op);
  paint(view);
}

/** Take back the edits of a row. */
export function resetRow(view, id) {
  for (const [key, bad] of view.bad) if (bad.id === id) view.bad.delete(key);
  view.outbox.order("reset_row", { row: id });
  paint(view);
}

/** Take back every edit. */
export function resetAll(view) {
  view.bad.clear();
  orderHistory(view, "reset");
}

// ---- Scrubbing ----

/** Follow a pointer that drags a number. */
export function scrub(view, press, event) {
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

/** Back to the number from before the drag. */
export function cancelScrub(view) {
  const { press } = view;
  if (press.gesture === undefined || !view.outbox.withdraw(press.gesture)) {
    moveTo(view, press, press.start);
  }
  endPress(view);
  paint(view);
  return true;
}

/** Let go of the cell that was pressed. */
export function endPress(view) {
  view.press = null;
  view.root.classList.remove("scrubbing");
}
