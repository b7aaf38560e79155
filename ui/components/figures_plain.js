/**
 * Figures without Plotly, where it could not be loaded: their numbers as plain tables.
 */
import { isHeatmap } from "../../attention_core/figures/figure_style.js";
import { rowsOf } from "./figures_canvas.js";
import { make } from "./figures_card.js";
import { labeller } from "./figures_cells.js";

const MISSING = "The drawing library could not be loaded, so the picture is missing; the numbers below are still right.";

/** Show the numbers of a card's figure as tables, and say why. */
export function showTables({ plot, figure }) {
  plot.setAttribute("role", "group"); // the table is to be read, not skipped as a picture
  plot.tabIndex = 0; // a wide table scrolls, by keyboard too
  plot.classList.add("missing");
  const sentence = make("p", "");
  sentence.textContent = MISSING;
  const tables = figure.spec.data.filter(isHeatmap).map((trace) => plainTable(trace, figure.spec.layout));
  plot.replaceChildren(sentence, ...tables);
}

/** Make room for the picture where the tables were, if Plotly came late. */
export function forgetTables({ plot }) {
  if (!plot.classList.contains("missing")) return;
  plot.replaceChildren();
  plot.classList.remove("missing");
  plot.removeAttribute("tabindex");
  plot.setAttribute("role", "img");
}

function plainTable({ texttemplate, text, ...trace }, layout = {}) {
  const z = rowsOf(trace.z).map((row) => [...row]);
  const table = make("table", "");
  const label = (texttemplate && labeller({ texttemplate, text })) || ((i, j, v) => (Number.isFinite(v) ? String(v) : ""));
  const head = table.insertRow();
  for (const name of ["", ...(layout.xaxis?.ticktext ?? z[0].map((_, j) => j + 1))]) Object.assign(make("th", "", head), { scope: "col", textContent: name });
  z.forEach((numbers, i) => {
    const row = table.insertRow();
    Object.assign(make("th", "", row), { scope: "row", textContent: layout.yaxis?.ticktext?.[i] ?? i + 1 });
    numbers.forEach((v, j) => { row.insertCell().textContent = label(i, j, v); });
  });
  return table;
}
