/**
 * Which rows of the matrix are on the screen and which of their cells are selected: new data, pages,
 * and the table's part in the page's links.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */
import { join } from "./links.js";
import { commit, endPress } from "./matrix_table_edit.js";
import { blankPage, focusedElement, layOut, paint, placeAt } from "./matrix_table_view.js";

/** Where the matrix takes part in links. */
export const SCOPE = "main";

// ---- New data ----

/** Show the data of a run, or the page that the user has turned to since. */
export function receive(view, data) {
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
export function goTo(view, position, column) {
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
export function turnBy(view, pages) {
  const { size } = view.data.page;
  turnTo(view, Math.min(view.first + pages * size, view.ids.length - 1));
  view.scroller.scrollTop = 0;
}

/** Turn to the row that was chosen from the list. */
export function onChange(view, event) {
  if (event.target !== view.goToRow) return;
  const row = Number(view.goToRow.value);
  turnTo(view, row);
  placeAt(view, row - view.first, 0).input.scrollIntoView({ block: "nearest" });
}

// ---- Selecting ----

/** Put the focus on a cell of the page, which selects it. */
export function focusAt(view, row, column) {
  const { input } = placeAt(view, row, column);
  if (focusedElement(view) !== input) return input.focus(); // onFocusin does the rest
  input.select();
  selectBlock(view, row, column, row, column);
}

/** Select the cells of the page between two of them. */
export function selectBlock(view, row, column, lastRow, lastColumn) {
  const anchor = placeAt(view, row, column);
  view.selection = { anchor, head: placeAt(view, lastRow, lastColumn) };
  paint(view);
}

/** Move the far corner of the selection. */
export function extendTo(view, row, column) {
  view.selection.head = placeAt(view, row, column);
  view.selection.head.input.scrollIntoView({ block: "nearest", inline: "nearest" });
  paint(view);
}

// ---- Links ----

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
