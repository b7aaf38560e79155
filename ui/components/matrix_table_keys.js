/**
 * The keyboard of the matrix table. A handler returns false to leave the key to the browser.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */
import {
  cancelScrub,
  commit,
  editText,
  orderHistory,
  resetRow,
  restore,
} from "./matrix_table_edit.js";
import { extendTo, focusAt, goTo, selectBlock } from "./matrix_table_rows.js";
import { locate, paint } from "./matrix_table_view.js";

/** Do what a key stands for, or leave it to the browser. */
export function onKeydown(view, event) {
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
  editText(view, at);
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
