/**
 * Copying from the matrix table and pasting into it, as spreadsheets do.
 *
 * `view` is the record that matrix_table.js keeps for each table.
 */
import { setCells } from "./matrix_table_edit.js";
import { parseBlock } from "./matrix_table_parse.js";
import { focusAt, selectBlock } from "./matrix_table_rows.js";
import { locate, paint, selectedBlock, valueAt } from "./matrix_table_view.js";

export function onCopy(view, event) {
  const block = selectedBlock(view);
  if (!block || view.edit) return; // one cell: the browser copies its selected text
  const rows = view.data.rows.slice(block.top, block.bottom + 1);
  const columns = view.data.columns.map((_, column) => column).slice(block.left, block.right + 1);
  if (rows.some(({ id }) => valueAt(view, { id, column: block.left }) === undefined)) return;
  const line = ({ id }) => columns.map((column) => valueAt(view, { id, column })).join("\t");
  event.clipboardData.setData("text/plain", rows.map(line).join("\n"));
  event.preventDefault();
}

export function onPaste(view, event) {
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
