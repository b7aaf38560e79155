/**
 * Heatmaps without labels: painted as pixels over Plotly's own, which takes ~1 ms where
 * `Plotly.restyle` takes 50 and more; Plotly follows when the edits pause.
 *
 * Large matrices come as Plotly's typed arrays, {dtype, bdata, shape}. A matrix too large for that
 * comes as an overview: meta.block = [rows, columns] of each block of cells, and meta.at, which cell
 * of its block each number is (see attention_core/figures/overview.py).
 */
import { colourAt, isHeatmap } from "../../attention_core/figures/figure_style.js";
import { make } from "./elements.js";
import { edges, isPaintable } from "./figures_cells.js";

const SHADES = 1024;
const ARRAYS = { f4: Float32Array, f8: Float64Array, u1: Uint8Array };

/** The rows of a typed array; anything else as it is. */
export function rowsOf(z) {
  if (!z?.bdata) return z;
  const bytes = Uint8Array.from(atob(z.bdata), (c) => c.charCodeAt(0));
  const numbers = new ARRAYS[z.dtype](bytes.buffer);
  const [n, m] = z.shape.split(",").map(Number);
  return Array.from({ length: n }, (_, i) => numbers.subarray(i * m, (i + 1) * m));
}

/** The unlabelled heatmap that we can paint, or undefined. */
function pixelsOf(spec) {
  const trace = spec.data.find((t) => isHeatmap(t) && !t.texttemplate);
  return trace && isPaintable(trace) ? trace : undefined;
}

/** Put the canvas exactly over Plotly's heatmap, also a zoomed one, after each drawing of it. */
export function placeCanvas(card) {
  const { xaxis, yaxis } = card.plot._fullLayout ?? {};
  const trace = pixelsOf(card.wanted);
  if (!trace || !xaxis) return forgetCanvas(card);
  card.pixels ??= newCanvas();
  const { frame, canvas } = card.pixels;
  if (!frame.isConnected) card.plot.querySelector(".main-svg").after(frame);
  setBox(frame, xaxis._offset, yaxis._offset, xaxis._length, yaxis._length);
  const [xs, ys] = [edges(trace.x, trace.z[0].length, xaxis), edges(trace.y, trace.z.length, yaxis)];
  const [left, right, top, bottom] = [...ends(xs), ...ends(ys)];
  setBox(canvas, left, top, right - left, bottom - top);
  // Where an axis runs the other way, so do the pixels.
  canvas.style.transform = `scale(${xs[0][0] > xs.at(-1)[0] ? -1 : 1}, ${ys[0][0] > ys.at(-1)[0] ? -1 : 1})`;
  return paintCanvas(card);
}

function forgetCanvas(card) {
  card.pixels?.frame.remove();
  card.pixels = null;
}

function newCanvas() {
  const canvas = make("canvas");
  return { frame: make("div", { class: "pixels" }, canvas), canvas, turn: 0 };
}

function setBox({ style }, left, top, width, height) {
  Object.assign(style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

function ends(places) {
  const starts = places.map(([start]) => start);
  return [Math.min(...starts), Math.max(...places.map(([start, length]) => start + length))];
}

/** Show the wanted numbers at once; false if that takes a drawing by Plotly. */
export function paintCanvas(card) {
  const trace = pixelsOf(card.wanted);
  if (!trace || !card.pixels?.frame.isConnected) return false;
  const { canvas } = card.pixels;
  const [n, m] = [trace.z.length, trace.z[0].length];
  if (canvas.width !== m || canvas.height !== n) Object.assign(canvas, { width: m, height: n });
  const image = new ImageData(m, n);
  const pixels = new Uint32Array(image.data.buffer);
  const shades = shadesOf(trace);
  const scale = trace.zmax > trace.zmin ? (SHADES - 1) / (trace.zmax - trace.zmin) : 0;
  trace.z.forEach((row, i) => row.forEach((z, j) => {
    if (z === null || !Number.isFinite(z)) return; // blank
    const at = scale ? Math.round((z - trace.zmin) * scale) : SHADES >> 1;
    pixels[i * m + j] = shades[Math.max(0, Math.min(SHADES - 1, at))];
  }));
  canvas.getContext("2d").putImageData(image, 0, 0);
  if (card.pixels.z !== trace.z) canvas.dataset.turn = String((card.pixels.turn += 1));
  card.pixels.z = trace.z;
  return true;
}

/** The colours of a scale as pixels, which have red first in memory. */
function shadesOf(trace) {
  const { zmin, zmax } = trace;
  const span = zmax > zmin ? zmax - zmin : 1;
  return Uint32Array.from({ length: SHADES }, (_, k) => {
    const [r, g, b] = colourAt({ ...trace, zmin, zmax: zmin + span }, zmin + (span * k) / (SHADES - 1)).map(Math.round);
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}
