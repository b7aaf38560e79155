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
 *
 * Here each event finds its handler. Those are in matrix_table_keys.js, matrix_table_pointer.js and
 * matrix_table_clipboard.js; what they change is a number (matrix_table_edit.js), or which rows and
 * cells are shown and selected (matrix_table_rows.js); matrix_table_view.js puts it on the screen.
 */

import { ask, joinTable } from "./live.js";
import { onCopy, onPaste } from "./matrix_table_clipboard.js";
import { beginEdit } from "./matrix_table_edit.js";
import { onKeydown } from "./matrix_table_keys.js";
import { Outbox } from "./matrix_table_ops.js";
import {
  onClick,
  onDoubleClick,
  onFocusin,
  onFocusout,
  onMousedown,
  onPointerdown,
  onPointermove,
  onPointerup,
  tellHover,
} from "./matrix_table_pointer.js";
import { onChange, receive } from "./matrix_table_rows.js";
import { buildSkeleton, locate, markEdges } from "./matrix_table_view.js";

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
