/**
 * One card's picture: Plotly's, and our own cells above it (figures_cells.js, figures_canvas.js),
 * which are painted first and have Plotly follow when the edits pause.
 */
import { inMode, isHeatmap, themed } from "../../attention_core/figures/figure_style.js";
import { paintCanvas, placeCanvas, rowsOf } from "./figures_canvas.js";
import { forPlotly, paintCells, placeCells } from "./figures_cells.js";
import { forgetTables } from "./figures_plain.js";
import { link, markChanges, placeMarks } from "./figures_pointer.js";

const CONFIG = { displayModeBar: false, displaylogo: false, scrollZoom: false, doubleClick: "reset", responsive: false };
const NUMBERS = ["z", "zmin", "zmax", "x", "y", "text", "customdata"]; // a change of these alone is a restyle
const LOAD_MS = 20000;

/** Plotly, which the page itself began to load (ui/server/delivery.py); asked for here where that failed. */
export function loadPlotly(address) {
  if (window.Plotly) return Promise.resolve();
  window.attentionLabPlotly ??= new Promise((resolve, reject) => {
    const early = document.getElementById("plotly");
    const script = !early || early.dataset.failed ? document.createElement("script") : early;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    setTimeout(reject, LOAD_MS);
    if (script !== early) document.head.append(Object.assign(script, { src: address }));
  });
  return window.attentionLabPlotly;
}

/** The spec with the theme's colours and this mode's colours of data. */
function dressed(spec, css) {
  const data = inMode(spec, css.mode).map((trace) => ({ ...trace, z: rowsOf(trace.z) }));
  const layout = themed(spec.layout ?? {}, css);
  // A finger on a heatmap scrolls the page; a mouse on one without numbers zooms in.
  const zooms = data.some((trace) => isHeatmap(trace) && !trace.texttemplate) && matchMedia("(pointer: fine)").matches;
  if (data.every(isHeatmap)) layout.dragmode ??= zooms ? "zoom" : false;
  return { data, layout };
}

/** Do the least that makes the card show its figure: nothing, cells, restyle, react or newPlot. */
export async function drawCard(card, css, key) {
  const { spec, height } = card.figure;
  if (key === card.key) return markChanges(card, null);
  const before = card.wanted?.data.find(isHeatmap)?.z;
  card.key = key;
  card.wanted = dressed(spec, css);
  card.frame = skeleton(card.wanted) + height;
  card.css = css;
  link(card);
  if (!(isBehind(card) && card.frame === card.drawn?.frame && (paintCells(card) || paintCanvas(card)))) {
    setHeight(card);
    await hand(card);
  }
  markChanges(card, before);
}

/** Whether Plotly has still to follow the cells that were painted. */
export const isBehind = (card) => card.wanted !== card.drawn?.spec;

/** Everything in a figure except its numbers; what stays equal while only numbers change. */
function skeleton({ data, layout }) {
  const rest = data.map((trace) => Object.fromEntries(Object.entries(trace).map(
    ([name, value]) => [name, NUMBERS.includes(name) ? value?.length : value],
  )));
  return JSON.stringify([rest, layout], (name, value) => (name === "at" ? undefined : value));
}

/** Hand the wanted spec to Plotly by its cheapest correct call. */
export function hand(card) {
  const { plot, wanted, frame, drawn } = card;
  const { Plotly } = window;
  const { data, layout } = forPlotly(wanted, Boolean(card.figure.cells));
  card.drawn = { spec: wanted, frame };
  if (drawn && drawn.frame === frame) {
    const changed = NUMBERS.filter((name) => data.some((t, i) => isOther(t[name], drawn.spec.data[i][name])));
    const update = Object.fromEntries(changed.map((name) => [name, data.map((t) => t[name])]));
    return changed.length ? Plotly.restyle(plot, update, [...data.keys()]) : null;
  }
  if (drawn) return Plotly.react(plot, data, layout, CONFIG);
  forgetTables(card);
  return Plotly.newPlot(plot, data, layout, CONFIG).then(() => card.drawn && attach(plot, card));
}

/** Back to the whole figure. Plotly's own double click is missed while the page is busy with a run. */
function unzoom({ plot, wanted }) {
  const changes = ["xaxis", "yaxis"].map((name) => {
    const { range, autorange = true } = wanted.layout[name];
    return range ? [`${name}.range`, [...range]] : [`${name}.autorange`, autorange];
  });
  window.Plotly.relayout(plot, Object.fromEntries(changes));
}

/** Whether a part of a trace has changed; matrices of one figure never share their rows. */
const isOther = (a, b) => (a?.[0]?.buffer ? a !== b : JSON.stringify(a) !== JSON.stringify(b));

/** Whatever listens to a drawn plot is connected here, once per plot. */
function attach(plot, card) {
  const place = () => {
    placeCells(card);
    placeCanvas(card);
    placeMarks(card);
  };
  plot.on("plotly_afterplot", place);
  plot.ondblclick = () => card.marks?.classList.contains("zoomed") && unzoom(card);
  place();
}

/** Give the plot its height, a smaller one where it is narrow and its cells are to be square. */
export function setHeight({ figure, plot, wanted }) {
  let { height } = figure;
  const z = wanted.data.find(isHeatmap)?.z;
  if (figure.spec.layout?.meta?.square && z?.length) {
    height = Math.min(height, Math.round((plot.clientWidth - 80) * (z.length / z[0].length)) + 80);
  }
  if (plot.style.height !== `${height}px`) plot.style.height = `${height}px`;
}
