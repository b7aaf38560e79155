/**
 * Figures without Plotly, where it could not be loaded: their numbers as plain tables.
 */
import { isHeatmap } from "../../attention_core/figures/figure_style.js";
import { make } from "./elements.js";
import { rowsOf } from "./figures_canvas.js";
import { labeller } from "./figures_cells.js";

const MISSING = "The drawing library could not be loaded, so the picture is missing; the numbers below are still right.";

/** Show the numbers of a card's figure as tables, and say why. */
export function showTables({ plot, figure }) {
  plot.setAttribute("role", "group"); // the table is to be read, not skipped as a picture
  plot.tabIndex = 0; // a wide table scrolls, by keyboard too
  plot.classList.add("missing");
  const tables = figure.spec.data.filter(isHeatmap).map((trace) => plainTable(trace, figure.spec.layout));
  plot.replaceChildren(make("p", {}, MISSING), ...tables);
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
  const label = (texttemplate && labeller({ texttemplate, text })) || ((i, j, v) => (Number.isFinite(v) ? String(v) : ""));
  const names = ["", ...(layout.xaxis?.ticktext ?? z[0].map((_, j) => j + 1))];
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  const lines = z.map((numbers, i) => make(
    "tr",
    {},
    make("th", { scope: "row" }, layout.yaxis?.ticktext?.[i] ?? i + 1),
    ...numbers.map((v, j) => make("td", {}, label(i, j, v))),
  ));
  return make("table", {}, make("tbody", {}, head, ...lines));
}
