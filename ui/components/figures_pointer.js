/**
 * What a heatmap shows beyond its numbers: the cell pointed at, in words; the cells that belong to
 * it (links.js); the one that is picked; and, after an edit, the cells that changed.
 *
 * A figure takes part when Python gave it `cells` = { scope, name, of, reads, rows, columns,
 * sentence, blank, turned }: what links.js needs, the plain labels, what a cell says ("{row} gives
 * {value} to {column}"), what it says where there is no number, and whether rows and columns have
 * changed places on screen. Positions here are always the core's: row, then column.
 */
import { edges, isHeatmap } from "./figures_cells.js";
import { join, point } from "./links.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_MARKED = 5000; // changed cells; beyond that marks would only be noise
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Listen to a plot, once; `pick` is called with {name, row, column} when a cell is chosen. */
export function listen(card, pick) {
  const { plot } = card;
  card.tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  card.tip.setAttribute("role", "status");
  card.element.append(card.tip);
  plot.addEventListener("pointermove", (event) => show(card, cellUnder(card, event)));
  plot.addEventListener("pointerleave", () => show(card, null));
  plot.addEventListener("click", (event) => choose(card, cellUnder(card, event), pick));
  plot.addEventListener("keydown", (event) => onKey(card, event, pick));
  plot.addEventListener("blur", () => show(card, null));
}

/** Take part in the page's links with what the figure now is. */
export function link(card) {
  const { cells } = card.figure;
  const key = cells && JSON.stringify([cells.scope, cells.name, cells.of, cells.reads, shapeOf(card)]);
  if (key === card.linkKey) return;
  card.linkKey = key;
  card.leave?.();
  card.plot.tabIndex = cells ? 0 : -1;
  card.leave = cells && join({ ...cells, shape: shapeOf(card), light: (regions) => light(card, regions) });
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
    left: xaxis._offset,
    top: yaxis._offset,
    xs: edges(trace.x, trace.z[0].length, xaxis),
    ys: edges(trace.y, trace.z.length, yaxis),
  };
  card.marks ??= newLayer();
  if (!card.marks.isConnected) card.plot.querySelector(".main-svg").parentElement.append(card.marks);
  const box = { left: card.grid.left, top: card.grid.top, width: xaxis._length, height: yaxis._length };
  for (const [name, px] of Object.entries(box)) card.marks.style[name] = `${px}px`;
  light(card, card.regions ?? []);
}

function newLayer() {
  const layer = document.createElementNS(SVG, "svg");
  layer.setAttribute("class", "marks");
  for (const name of ["changed", "lit"]) {
    const group = layer.appendChild(document.createElementNS(SVG, "g"));
    group.setAttribute("class", name);
  }
  return layer;
}

/** Mark the cells whose numbers are not those before, to the last bit; they fade by themselves. */
export function markChanges(card, before) {
  const now = heatmapOf(card)?.z;
  if (!card.marks || !card.grid || !now) return;
  const { xs, ys } = card.grid;
  const changed = (before ? differing(before, now) : []).filter(([i, j]) => ys[i] && xs[j]);
  const group = card.marks.querySelector(".changed");
  card.element.dataset.changed = changed.length;
  const fresh = group.cloneNode(false); // a new element, so that the fading starts again
  if (changed.length <= MOST_MARKED) fresh.append(...changed.map(([i, j]) => corner(card.grid, i, j)));
  group.replaceWith(fresh);
}

function differing(before, now) {
  if (before.length !== now.length || before[0].length !== now[0].length) return [];
  const found = [];
  now.forEach((row, i) => row.forEach((z, j) => { if (z !== before[i][j]) found.push([i, j]); }));
  return found;
}

function corner({ xs, ys }, i, j) {
  const [x, width] = xs[j];
  const [y, height] = ys[i];
  const size = Math.min(7, width / 3, height / 3);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${x + width - size} ${y}h${size}v${size}z`);
  return path;
}

// ---- pointing and picking ----

const heatmapOf = (card) => card.wanted?.data.find(isHeatmap);

/** [n_rows, n_columns] as the core has them. */
function shapeOf(card) {
  const { cells, spec } = card.figure;
  const { z } = spec.data.find(isHeatmap);
  return turn(cells, [z.length, z[0].length]);
}

/** Between the core's [row, column] and the screen's [down, across]; its own inverse. */
const turn = (cells, [a, b]) => (cells.turned ? [b, a] : [a, b]);

/** The core's [row, column] under the pointer, or null. */
function cellUnder(card, { clientX, clientY }) {
  if (!card.grid) return null;
  const box = card.plot.getBoundingClientRect();
  const at = (places, px) => places.findIndex(([start, length]) => px >= start && px < start + length);
  const across = at(card.grid.xs, clientX - box.left - card.grid.left);
  const down = at(card.grid.ys, clientY - box.top - card.grid.top);
  return across < 0 || down < 0 ? null : turn(card.figure.cells, [down, across]);
}

function show(card, cell) {
  const { cells } = card.figure;
  if (!cells || String(cell) === String(card.pointed ?? null)) return;
  card.pointed = cell;
  point(cells.scope, cells.name, cell);
  const isThere = cell !== null && isDrawn(card, [cell[0], cell[0]], [cell[1], cell[1]]);
  card.tip.hidden = !isThere;
  if (isThere) placeTip(card, cell);
}

/** Whether the last row and column of a region are drawn: while a sentence changes, not all are. */
function isDrawn(card, rows, columns) {
  const [down, across] = turn(card.figure.cells, [rows, columns]);
  const { z } = heatmapOf(card);
  const isInGrid = down[1] < card.grid.ys.length && across[1] < card.grid.xs.length;
  return isInGrid && down[1] < z.length && across[1] < z[0].length;
}

function placeTip(card, cell) {
  const [down, across] = turn(card.figure.cells, cell);
  const [x, width] = card.grid.xs[across];
  const [y] = card.grid.ys[down];
  card.tip.textContent = words(card, cell);
  const middle = card.plot.offsetLeft + card.grid.left + x + width / 2;
  const half = Math.min(card.tip.offsetWidth, card.element.clientWidth) / 2;
  card.tip.style.left = `${Math.max(half, Math.min(middle, card.element.clientWidth - half))}px`;
  card.tip.style.top = `${card.plot.offsetTop + card.grid.top + y}px`;
}

/** What a cell says. */
function words(card, cell) {
  const { rows, columns, sentence, blank = "not a number" } = card.figure.cells;
  const [down, across] = turn(card.figure.cells, cell);
  const z = heatmapOf(card).z[down][across];
  const value = z === null ? blank : z.toFixed(4);
  const parts = { row: rows[cell[0]], column: columns[cell[1]], value };
  return sentence.replace(/\{(row|column|value)\}/g, (_, name) => parts[name]);
}

function choose(card, cell, pick) {
  if (cell && card.figure.cells) pick({ name: card.figure.cells.name, row: cell[0], column: cell[1] });
}

function onKey(card, event, pick) {
  if (!card.figure.cells || !card.grid) return;
  event.stopPropagation(); // Streamlit has shortcuts of its own
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(card, card.pointed ?? [0, 0], pick);
  } else if (event.key === "Escape") show(card, null);
  else if (ARROWS[event.key]) {
    event.preventDefault();
    show(card, step(card, ARROWS[event.key]));
  }
}

/** The cell one step further on screen, or the first one. */
function step(card, [dy, dx]) {
  if (!card.pointed) return [0, 0];
  const { cells } = card.figure;
  const [down, across] = turn(cells, card.pointed);
  const { length: n } = card.grid.ys;
  const { length: m } = card.grid.xs;
  return turn(cells, [Math.max(0, Math.min(n - 1, down + dy)), Math.max(0, Math.min(m - 1, across + dx))]);
}

/** Outline regions of cells. */
function light(card, regions) {
  card.regions = regions;
  if (!card.marks || !card.grid || !card.figure.cells || !heatmapOf(card)) return;
  const { xs, ys } = card.grid;
  const group = card.marks.querySelector(".lit");
  const drawn = regions.filter(({ rows, columns }) => isDrawn(card, rows, columns));
  group.replaceChildren(...drawn.map(({ role, rows, columns }) => {
    const [down, across] = turn(card.figure.cells, [rows, columns]);
    const [x, right] = [xs[across[0]][0], xs[across[1]][0] + xs[across[1]][1]];
    const [y, bottom] = [ys[down[0]][0], ys[down[1]][0] + ys[down[1]][1]];
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", role);
    for (const [name, v] of Object.entries({ x, y, width: right - x, height: bottom - y, rx: 2 })) rect.setAttribute(name, v);
    rect.dataset.region = JSON.stringify([role, rows, columns]);
    return rect;
  }));
}
