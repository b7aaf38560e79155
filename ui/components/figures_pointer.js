/**
 * What a heatmap shows beyond its numbers: the cell pointed at, in words; the cells that belong to
 * it (links.js); the one that is picked; and, after an edit, the cells that changed.
 *
 * A figure takes part when Python gave it `cells` = { scope, name, head, shape, first, of, reads,
 * rows, columns, sentence, blank, turned }: what links.js needs; the first row and column that are shown,
 * and the plain labels from there on; what a cell says ("{row} gives {value} to {column}"), what it
 * says where there is no number, and whether rows and columns have changed places on screen.
 *
 * Cells here are always the core's, [row, column] of the whole matrix. A place is where one is drawn,
 * [down, across]: shifted in a figure of a part, turned, and in an overview shared by a block of cells.
 */
import { isHeatmap } from "../../attention_core/figures/figure_style.js";
import { make, makeSvg } from "./elements.js";
import { rowsOf } from "./figures_canvas.js";
import { edges } from "./figures_cells.js";
import { join, point } from "./links.js";

const DRAG_PX = 5;
const MOST_MARKED = 5000; // changed cells; beyond that marks would only be noise
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Listen to a plot, once; `pick` is called with {name, head, row, column} when a cell is chosen. */
export function listen(card, pick) {
  const { plot } = card;
  card.tip = make("div", { class: "tip", role: "status", hidden: "" });
  card.element.append(card.tip);
  plot.addEventListener("pointermove", (event) => show(card, cellUnder(card, event)));
  plot.addEventListener("pointerleave", () => show(card, null));
  plot.addEventListener("pointerdown", ({ clientX, clientY }) => { card.pressed = [clientX, clientY]; }, true);
  plot.addEventListener("click", (event) => {
    const [x, y] = card.pressed ?? [event.clientX, event.clientY];
    const isDrag = Math.hypot(event.clientX - x, event.clientY - y) > DRAG_PX; // that zooms
    if (!isDrag) choose(card, cellUnder(card, event), pick);
  });
  plot.addEventListener("keydown", (event) => onKey(card, event, pick));
  plot.addEventListener("blur", () => show(card, null));
}

/** Take part in the page's links with what the figure now is. */
export function link(card) {
  const { cells } = card.figure;
  const key = cells && JSON.stringify([cells.scope, cells.name, cells.head, cells.of, cells.reads, cells.shape]);
  if (key === card.linkKey) return;
  card.linkKey = key;
  card.leave?.();
  card.plot.tabIndex = cells ? 0 : -1;
  card.leave = cells && join({ ...cells, light: (regions) => light(card, regions) });
}

/** Take the figure out of everything. */
export function forget(card) {
  card.leave?.();
  card.leave = null;
  card.linkKey = null;
}

/** Put the layers exactly over the cells, after each drawing of the plot. */
export function placeMarks(card) {
  const { xaxis, yaxis } = card.plot._fullLayout ?? {};
  const trace = heatmapOf(card);
  if (!card.figure.cells || !trace || !xaxis) return;
  card.grid = {
    box: { left: xaxis._offset, top: yaxis._offset, width: xaxis._length, height: yaxis._length },
    xs: edges(trace.x, trace.z[0].length, xaxis),
    ys: edges(trace.y, trace.z.length, yaxis),
  };
  card.marks ??= newLayer();
  if (!card.marks.isConnected) card.plot.querySelector(".main-svg").parentElement.append(card.marks);
  for (const [name, px] of Object.entries(card.grid.box)) card.marks.style[name] = `${px}px`;
  const starts = [...card.grid.xs, ...card.grid.ys].map(([start]) => start);
  card.marks.classList.toggle("zoomed", Math.min(...starts) < -1);
  light(card, card.regions ?? []);
}

function newLayer() {
  const groups = ["changed", "lit"].map((name) => makeSvg("g", { class: name }));
  return makeSvg("svg", { class: "marks" }, ...groups);
}

/** Mark the cells whose numbers are not those before, to the last bit; they fade by themselves. */
export function markChanges(card, before) {
  const isTurned = Boolean(card.figure.cells?.turned);
  if (isTurned !== card.wasTurned) before = null; // a cell that moved did not change
  card.wasTurned = isTurned;
  const now = heatmapOf(card)?.z;
  if (!card.marks || !card.grid || !now) return;
  const { xs, ys } = card.grid;
  const changed = (before ? differing(before, now) : []).filter(([i, j]) => ys[i] && xs[j]);
  const group = card.marks.querySelector(".changed");
  card.element.dataset.changed = changed.length;
  const fresh = group.cloneNode(false); // a new element, so that the fading starts again
  const drawn = changed.length > MOST_MARKED ? [outline(card.grid)] : changed.map(([i, j]) => corner(card.grid, i, j));
  if (drawn.length > 0) fresh.append(makeSvg("path", { d: drawn.join("") }));
  group.replaceWith(fresh);
}

function differing(before, now) {
  if (before.length !== now.length || before[0].length !== now[0].length) return [];
  const found = [];
  now.forEach((row, i) => row.forEach((z, j) => { if (!Object.is(z, before[i][j])) found.push([i, j]); }));
  return found;
}

function corner({ xs, ys }, i, j) {
  const [x, width] = xs[j];
  const [y, height] = ys[i];
  const size = Math.min(7, width / 3, height / 3);
  return `M${x + width - size} ${y}h${size}v${size}z`;
}

/** A frame around all cells, as the outline between two rectangles. */
function outline({ xs, ys }) {
  const [width, height] = [xs.at(-1)[0] + xs.at(-1)[1], ys.at(-1)[0] + ys.at(-1)[1]];
  return `M0 0h${width}v${height}h${-width}zM3 3v${height - 6}h${width - 6}v${6 - height}z`;
}

// ---- pointing and picking ----

const heatmapOf = (card) => card.wanted?.data.find(isHeatmap);

/** Between the core's [row, column] and the screen's [down, across]; its own inverse. */
const turn = (cells, [a, b]) => (cells.turned ? [b, a] : [a, b]);

const blockOf = (card) => heatmapOf(card).meta?.block ?? [1, 1];

/** The cell whose number is drawn at a place. */
function cellAt(card, [down, across]) {
  const { meta } = heatmapOf(card);
  const { cells } = card.figure;
  let place = [down, across];
  if (meta?.block) {
    card.at = card.at?.of === meta.at ? card.at : { of: meta.at, rows: rowsOf(meta.at) };
    const at = card.at.rows[down][across];
    place = [down * meta.block[0] + Math.floor(at / meta.block[1]), across * meta.block[1] + (at % meta.block[1])];
  }
  return turn(cells, place).map((position, axis) => position + cells.first[axis]);
}

/** The place where a cell is drawn; it may lie outside of the figure. */
function placeOf(card, cell) {
  const { cells } = card.figure;
  const local = cell.map((position, axis) => position - cells.first[axis]);
  return turn(cells, local).map((position, axis) => Math.floor(position / blockOf(card)[axis]));
}

/** The cell under the pointer, or null. */
function cellUnder(card, { clientX, clientY }) {
  if (!card.grid) return null;
  const { left, top } = card.plot.getBoundingClientRect();
  const { box, xs, ys } = card.grid;
  const [x, y] = [clientX - left - box.left, clientY - top - box.top];
  if (x < 0 || y < 0 || x > box.width || y > box.height) return null;
  const at = (places, px) => places.findIndex(([start, length]) => px >= start && px < start + length);
  const [down, across] = [at(ys, y), at(xs, x)];
  return isDrawn(card, [down, across]) ? cellAt(card, [down, across]) : null;
}

function show(card, cell) {
  const { cells } = card.figure;
  if (!cells || String(cell) === String(card.pointed ?? null)) return;
  card.pointed = cell;
  point(cells.scope, cells.name, cell, cells.head);
  const isThere = cell !== null && isDrawn(card, placeOf(card, cell));
  card.tip.hidden = !isThere;
  if (isThere) placeTip(card, cell);
}

/** Whether there is such a place: while a sentence changes, not all are drawn yet. */
function isDrawn(card, [down, across]) {
  const { z } = heatmapOf(card);
  const isInGrid = down < card.grid.ys.length && across < card.grid.xs.length;
  return isInGrid && down >= 0 && across >= 0 && down < z.length && across < z[0].length;
}

function placeTip(card, cell) {
  const [down, across] = placeOf(card, cell);
  const [x, width] = card.grid.xs[across];
  const [y] = card.grid.ys[down];
  card.tip.textContent = words(card, cell);
  const middle = card.plot.offsetLeft + card.grid.box.left + x + width / 2;
  const half = Math.min(card.tip.offsetWidth, card.element.clientWidth) / 2;
  card.tip.style.left = `${Math.max(half, Math.min(middle, card.element.clientWidth - half))}px`;
  card.tip.style.top = `${card.plot.offsetTop + card.grid.box.top + y}px`;
}

/** What a cell says, and in an overview which cell it is. */
function words(card, cell) {
  const { rows, columns, first, sentence, blank = "not a number" } = card.figure.cells;
  const [down, across] = placeOf(card, cell);
  const z = heatmapOf(card).z[down][across];
  const value = z === null || Number.isNaN(z) ? blank : z.toFixed(4);
  const parts = { row: rows[cell[0] - first[0]], column: columns[cell[1] - first[1]], value };
  const said = sentence.replace(/\{(row|column|value)\}/g, (_, name) => parts[name]);
  const [tall, wide] = blockOf(card);
  return tall * wide > 1 ? `${said} (of ${tall} × ${wide} cells here the one furthest from 0)` : said;
}

function choose(card, cell, pick) {
  if (!cell || !card.figure.cells) return;
  const { name, head } = card.figure.cells;
  pick({ name, head, row: cell[0], column: cell[1] });
}

function onKey(card, event, pick) {
  if (!card.figure.cells || !card.grid) return;
  event.stopPropagation(); // Streamlit has shortcuts of its own
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(card, card.pointed ?? cellAt(card, [0, 0]), pick);
  } else if (event.key === "Escape") show(card, null);
  else if (ARROWS[event.key]) {
    event.preventDefault();
    show(card, step(card, ARROWS[event.key]));
  }
}

/** The cell one step further on screen, or the first one. */
function step(card, [dy, dx]) {
  if (!card.pointed) return cellAt(card, [0, 0]);
  const [down, across] = placeOf(card, card.pointed);
  const { length: n } = card.grid.ys;
  const { length: m } = card.grid.xs;
  return cellAt(card, [Math.max(0, Math.min(n - 1, down + dy)), Math.max(0, Math.min(m - 1, across + dx))]);
}

/** Outline regions of cells. */
function light(card, regions) {
  card.regions = regions;
  if (!card.marks || !card.grid || !card.figure.cells || !heatmapOf(card)) return;
  const { xs, ys } = card.grid;
  const group = card.marks.querySelector(".lit");
  const drawn = regions.filter(({ rows, columns }) => isPossible(card, rows, columns));
  group.replaceChildren(...drawn.flatMap(({ role, rows, columns }) => {
    const [top, left] = placeOf(card, [rows[0], columns[0]]).map((place) => Math.max(0, place));
    const last = placeOf(card, [rows[1], columns[1]]);
    const [low, far] = [Math.min(last[0], ys.length - 1), Math.min(last[1], xs.length - 1)];
    if (low < top || far < left) return []; // not in this part
    const [x, right] = [xs[left][0], xs[far][0] + xs[far][1]];
    const [y, bottom] = [ys[top][0], ys[low][0] + ys[low][1]];
    const place = { x, y, width: right - x, height: bottom - y, rx: 2 };
    return [makeSvg("rect", { class: role, ...place, "data-region": JSON.stringify([role, rows, columns]) })];
  }));
}

/** Whether a region lies in the matrix: while a sentence changes, a figure may be a step behind. */
function isPossible(card, rows, columns) {
  const { shape } = card.figure.cells;
  return rows[1] < shape[0] && columns[1] < shape[1];
}
