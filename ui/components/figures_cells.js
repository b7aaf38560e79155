/**
 * Labelled cells, painted over Plotly's heatmap.
 *
 * `Plotly.restyle` of a small labelled heatmap takes 10-20 ms, most of it spent on axes that did not
 * change. So labelled cells are our own SVG (1 ms), in colours that keep every label readable, and
 * Plotly follows when the edits pause. That needs explicit zmin and zmax, a scale of hex or rgb()
 * colours, numeric x and y, and texttemplate "%{z:.4f}" (any digit) or "%{text}"; every other figure
 * is left to Plotly.
 */
import { colourAt, isHeatmap, readableOn } from "../../attention_core/figures/figure_style.js";
import { makeSvg, setAttributes, setText } from "./elements.js";

const MAX_CELLS = 1200;
const MIN_LABEL_PX = 7;

/** The labelled heatmap that we can paint ourselves, or undefined (then Plotly does it all). */
function paintable(spec) {
  const trace = spec.data.find((t) => isHeatmap(t) && t.texttemplate);
  const fits = trace?.z?.length && trace.z.length * trace.z[0].length <= MAX_CELLS;
  return fits && isPaintable(trace) && labeller(trace) ? trace : undefined;
}

/** Whether a heatmap says all that its colours and its place depend on. */
export function isPaintable({ z, x, y, colorscale, zmin, zmax }) {
  const numeric = (axis) => !axis || axis.every(Number.isFinite);
  return z?.length > 0 && Array.isArray(colorscale) && Number.isFinite(zmin) && Number.isFinite(zmax) && numeric(x) && numeric(y);
}

/** "%{text}" and "%{z:.4f}" are the label templates we write ourselves. */
export function labeller({ texttemplate, text }) {
  if (texttemplate === "%{text}") return (i, j) => text?.[i]?.[j] ?? "";
  const digits = /^%\{z:\.(\d)f\}$/.exec(texttemplate)?.[1];
  return digits && ((i, j, z) => (z === null ? "" : z.toFixed(digits)));
}

/** The spec for Plotly, without what we do ourselves: the labels of painted cells, and pointing. */
export function forPlotly(spec, isPointable) {
  const ours = paintable(spec);
  const data = spec.data.map(({ ...trace }) => (isPointable && isHeatmap(trace) ? { ...trace, hoverinfo: "skip", hovertemplate: undefined } : trace));
  if (ours) delete data[spec.data.indexOf(ours)].texttemplate;
  const { title, ...layout } = structuredClone(spec.layout); // Plotly writes into what it is given
  return { data, layout }; // the card's own heading is the title on the page
}

/** Put the layer of cells exactly over Plotly's own, after each drawing of it. */
export function placeCells(card) {
  const { xaxis, yaxis } = card.plot._fullLayout ?? {};
  const trace = paintable(card.wanted);
  if (!trace || !xaxis) return card.cells?.layer.remove();
  const [n, m] = [trace.z.length, trace.z[0].length];
  if (card.cells?.n !== n || card.cells?.m !== m) newCells(card, n, m);
  const { layer, rects, labels } = card.cells;
  // Above the drawing, below the second svg, which holds the hover labels.
  if (!layer.isConnected) card.plot.querySelector(".main-svg").after(layer);
  Object.assign(layer.style, { left: `${xaxis._offset}px`, top: `${yaxis._offset}px`, width: `${xaxis._length}px`, height: `${yaxis._length}px` });
  const [xs, ys] = [edges(trace.x, m, xaxis, trace.xgap), edges(trace.y, n, yaxis, trace.ygap)];
  rects.forEach((rect, k) => {
    const [[x, width], [y, height]] = [xs[k % m], ys[Math.floor(k / m)]];
    setAttributes(rect, { x, y, width, height });
    setAttributes(labels[k], { x: x + width / 2, y: y + height / 2 });
  });
  card.cells.width = Math.min(...xs.map((e) => e[1]));
  card.cells.height = Math.min(...ys.map((e) => e[1]));
  placeDots(card, xaxis, yaxis);
  return paintCells(card);
}

/** Marks that belong upon cells (`meta.over`), which hide those of Plotly. */
function placeDots({ cells, wanted }, xaxis, yaxis) {
  cells.dots.replaceChildren();
  for (const { x, y, marker } of wanted.data.filter(({ meta }) => meta?.over)) {
    x.forEach((at, k) => {
      const place = { cx: xaxis.c2p(at), cy: yaxis.c2p(y[k]), r: marker.size / 2 };
      const look = { fill: marker.color, stroke: marker.line.color, "stroke-width": marker.line.width };
      cells.dots.append(makeSvg("circle", { ...place, ...look }));
    });
  }
}

function newCells(card, n, m) {
  card.cells?.layer.remove();
  const rects = Array.from({ length: n * m }, () => makeSvg("rect"));
  const labels = Array.from({ length: n * m }, () => makeSvg("text"));
  const dots = makeSvg("g");
  const layer = makeSvg("svg", { class: "cells" }, ...rects, ...labels, dots);
  card.cells = { layer, rects, labels, n, m, dots };
}

/** [start, length] in px of each cell along one axis, on whole pixels, without the gap. */
export function edges(centres, count, axis, gap = 0) {
  const c = centres ?? [...Array(count).keys()];
  const step = count > 1 ? c[1] - c[0] : 1;
  return c.map((v) => {
    const [a, b] = [axis.c2p(v - step / 2), axis.c2p(v + step / 2)].map(Math.round).sort((p, q) => p - q);
    return [a + gap / 2, Math.max(0, b - a - gap)];
  });
}

/** Show the wanted numbers at once; false if that takes a drawing by Plotly. */
export function paintCells(card) {
  const trace = paintable(card.wanted);
  if (!trace || !card.cells?.layer.isConnected) return false;
  const { rects, labels, n, m, width, height } = card.cells;
  if (trace.z.length !== n || trace.z[0].length !== m) return false;
  const label = labeller(trace);
  const texts = rects.map((_, k) => label(Math.floor(k / m), k % m, trace.z[Math.floor(k / m)][k % m]));
  const longest = Math.max(...texts.map((t) => t.length), 1);
  const size = Math.floor(Math.min(13, (width - 4) / (longest * 0.5), height * 0.7));
  card.cells.layer.style.fontSize = `${size}px`;
  texts.forEach((text, k) => {
    const rgb = colourAt(trace, trace.z[Math.floor(k / m)][k % m]);
    rects[k].setAttribute("fill", rgb ? `rgb(${rgb.map(Math.round)})` : "none");
    labels[k].setAttribute("fill", rgb ? readableOn(rgb) : card.css.text);
    setText(labels[k], size < MIN_LABEL_PX ? "" : text);
  });
  return true;
}
