/**
 * figures: a responsive grid of cards, each holding one Plotly figure that is drawn once and then
 * changed in place.
 *
 * data = { figures: [{ id, title, shape, formula, spec, height, alt, note, check, arrow }],
 *          min_width, revision }
 *
 * `spec` is plain figure JSON ({data, layout}) and carries no colour of text, grid or paper: those
 * come from the theme (`themed`). Colours of data come in a light and a dark form, chosen by the
 * luminance of the page:
 *   trace.meta.colorscales = {light: [...], dark: [...]}   lists of colours, or [position, colour]
 *   spec.palette           = {light: [...], dark: [...]}   the same, for heatmaps without their own
 *   trace.meta.colors      = {light: "#…", dark: "#…"}     for the trace's lines and markers
 * `layout.meta.square` lets a narrow figure shrink in height so that its cells stay square.
 *
 * Signals for tests and benchmarks, both echo data.revision on the root element:
 *   data-drawn    these numbers are on the screen;
 *   data-settled  Plotly's own copy (hover, zoom) has caught up.
 *
 * Why there are two: `Plotly.restyle` of a small labelled heatmap takes 10-20 ms, most of it spent
 * on axes that did not change. Labelled cells are therefore our own SVG (`paintCells`, 1 ms), in
 * colours that keep every label readable, and Plotly follows when the edits pause.
 * That needs explicit zmin and zmax, a scale of hex or rgb() colours, numeric x and y, and
 * texttemplate "%{z:.4f}" (any digit) or "%{text}"; every other figure is left to Plotly.
 */
const SVG = "http://www.w3.org/2000/svg";
const CONFIG = { displayModeBar: false, displaylogo: false, scrollZoom: false, doubleClick: "reset", responsive: false };
const NUMBERS = ["z", "zmin", "zmax", "x", "y", "text", "customdata"]; // a change of these alone is a restyle
const LOAD_MS = 20000;
const PAUSE_MS = 150; // Plotly follows our own cells after this much quiet
const MAX_CELLS = 1200;
const MIN_LABEL_PX = 7;
const MISSING = "The drawing library could not be loaded, so the picture is missing; the numbers below are still right.";
const instances = new WeakMap();

/** Draw `component.data`; called again for new data and for a new theme. */
export default function figures(component) {
  const { parentElement } = component;
  const state = instances.get(parentElement) ?? mount(parentElement);
  instances.set(parentElement, state);
  state.component = component;
  syncCards(state, component.data.figures);
  loadPlotly().then(() => draw(state), () => fail(state));
  return () => unmount(state);
}

function mount(parentElement) {
  const root = parentElement.querySelector(".root");
  const state = { root, parentElement, cards: new Map(), alive: true, failed: false, pause: 0 };
  state.observer = new ResizeObserver(() => {
    cancelAnimationFrame(state.frame); // one resize per frame, however many cards moved
    state.frame = requestAnimationFrame(() => resize(state));
  });
  return state;
}

function unmount(state) {
  state.alive = false;
  state.observer.disconnect();
  cancelAnimationFrame(state.frame);
  clearTimeout(state.pause);
  for (const card of state.cards.values()) remove(card);
  state.cards.clear();
  instances.delete(state.parentElement);
}

function remove(card) {
  if (card.drawn) window.Plotly.purge(card.plot);
  card.drawn = null;
  card.element.remove();
}

/** Plotly, loaded once for the page; every instance shares the promise. */
function loadPlotly() {
  if (window.Plotly) return Promise.resolve();
  window.attentionLabPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/vendor/plotly.min.js";
    script.onload = resolve;
    script.onerror = reject;
    setTimeout(reject, LOAD_MS);
    document.head.append(script);
  });
  return window.attentionLabPlotly;
}

// ---- cards -------------------------------------------------------------------------------------

function make(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  parent?.append(element);
  return element;
}

function setText(element, text = "") {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}

function syncCards(state, figures) {
  const { root, cards } = state;
  root.style.setProperty("--min-width", `${state.component.data.min_width ?? 300}px`);
  const wanted = new Set(figures.map((figure) => figure.id));
  for (const [id, card] of cards) {
    if (!wanted.has(id)) {
      state.observer.unobserve(card.plot);
      remove(card);
      cards.delete(id);
    }
  }
  figures.forEach((figure, i) => {
    const card = cards.get(figure.id) ?? newCard(state, figure.id);
    // Moving an element in the page resets its scroll position and focus: only if it must.
    if (root.children[i] !== card.element) root.insertBefore(card.element, root.children[i] ?? null);
    card.figure = figure;
    fillCard(card, figure);
  });
}

function newCard(state, id) {
  const element = make("article", "card");
  element.dataset.figure = id;
  const card = { element, drawn: null };
  const header = make("header", "", element);
  card.title = make("span", "title", header);
  card.title.setAttribute("role", "heading");
  card.title.setAttribute("aria-level", "3");
  card.shape = make("code", "shape", header);
  card.formula = make("code", "formula", element);
  card.plot = make("div", "plot", element);
  card.plot.setAttribute("role", "img");
  const words = make("div", "words", element);
  card.finding = make("p", "", words);
  card.check = make("p", "check", words);
  card.details = make("details", "", words);
  make("summary", "", card.details).textContent = "How this is checked";
  card.list = make("ul", "", card.details);
  card.note = make("p", "note", words);
  state.cards.set(id, card);
  state.observer.observe(card.plot);
  return card;
}

function fillCard(card, figure) {
  setText(card.title, figure.title);
  setText(card.shape, figure.shape);
  setText(card.formula, figure.formula);
  setText(card.finding, figure.alt ? `Finding: ${figure.alt}` : "");
  setText(card.note, figure.note);
  card.plot.setAttribute("aria-label", `${figure.title}. ${figure.alt ?? ""}`);
  fillCheck(card, figure.check);
}

function fillCheck(card, check) {
  const failed = check?.ok === false;
  card.check.classList.toggle("failed", failed);
  if (failed) card.check.setAttribute("role", "alert");
  else card.check.removeAttribute("role");
  setText(card.check, check ? `${failed ? "✗" : "✓"} ${check.text}` : "");
  const detail = check?.detail ?? [];
  card.details.hidden = detail.length === 0;
  while (card.list.children.length > detail.length) card.list.lastChild.remove();
  detail.forEach((line, i) => setText(card.list.children[i] ?? make("li", "", card.list), line));
}

/** Arrows point to the next card, beside or beneath; none where the grid starts a new row. */
function placeArrows(state) {
  for (const card of state.cards.values()) {
    const next = card.figure.arrow ? card.element.nextElementSibling : null;
    const beside = next?.offsetTop === card.element.offsetTop;
    const beneath = next?.offsetLeft === card.element.offsetLeft;
    card.element.dataset.arrow = beside ? "right" : beneath ? "down" : "";
  }
}

// ---- theme -------------------------------------------------------------------------------------

function readTheme(root) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const background = read("background-color") || "#ffffff";
  return {
    background,
    text: read("text-color") || "#31333f",
    border: read("border-color") || "#d5d6d8",
    font: read("font") || "sans-serif",
    mode: luminance(toRgb(background)) < 0.4 ? "dark" : "light",
  };
}

/** The layout with every colour and font that belongs to the page, not to the data. */
function themed(layout, css) {
  const lines = Object.fromEntries(["grid", "line", "zeroline", "tick"].map((name) => [`${name}color`, css.border]));
  const axis = (own) => ({ automargin: true, ...lines, ...own, title: { font: { size: 13 }, ...own.title } });
  const dress = (box) => Object.fromEntries(Object.entries(box).map(([name, value]) => {
    if (/^[xyz]axis\d*$/.test(name)) return [name, axis(value)];
    return [name, /^scene\d*$/.test(name) ? dress({ xaxis: {}, yaxis: {}, zaxis: {}, ...value }) : value];
  }));
  return {
    ...dress({ xaxis: {}, yaxis: {}, ...layout }),
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { size: 13, ...layout.font, family: css.font, color: css.text },
    hoverlabel: { ...layout.hoverlabel, bgcolor: css.background, bordercolor: css.border, font: { family: css.font, color: css.text } },
  };
}

/** The spec with the theme's colours and this mode's colours of data. */
function dressed(spec, css) {
  const data = spec.data.map((trace) => {
    const { colorscales, colors } = trace.meta ?? {};
    const scale = (colorscales ?? (trace.colorscale ? null : isHeatmap(trace) && spec.palette))?.[css.mode];
    const extra = {};
    if (scale) extra.colorscale = scale.map((c, i) => (Array.isArray(c) ? c : [i / (scale.length - 1), c]));
    if (colors) Object.assign(extra, { line: { ...trace.line, color: colors[css.mode] }, marker: { ...trace.marker, color: colors[css.mode] } });
    return { ...trace, ...extra };
  });
  const layout = themed(spec.layout ?? {}, css);
  if (data.every(isHeatmap)) layout.dragmode ??= false; // a finger on a heatmap scrolls the page
  return { data, layout };
}

const isHeatmap = (trace) => trace.type === "heatmap";

// ---- drawing -----------------------------------------------------------------------------------

async function draw(state) {
  if (!state.alive) return;
  if (state.failed) state.component.setStateValue("failed", (state.failed = false));
  shareStyles(state.parentElement);
  const css = readTheme(state.root);
  const { revision } = state.component.data;
  await Promise.all([...state.cards.values()].map((card) => drawCard(card, css)));
  placeArrows(state);
  await new Promise(requestAnimationFrame);
  if (state.alive && revision !== undefined) state.root.dataset.drawn = String(revision);
  clearTimeout(state.pause);
  if (state.alive) state.pause = setTimeout(() => settle(state), [...state.cards.values()].some(isBehind) ? PAUSE_MS : 0);
}

/** Plotly writes its stylesheet into the page's head, which a shadow root does not see. */
function shareStyles(parentElement) {
  const source = document.getElementById("plotly.js-style-global")?.sheet;
  if (!source || !parentElement.adoptedStyleSheets || parentElement.adoptedStyleSheets.length > 0) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync([...source.cssRules].map((rule) => rule.cssText).join("\n"));
  parentElement.adoptedStyleSheets = [sheet];
}

/** Do the least that makes the card show its figure: nothing, cells, restyle, react or newPlot. */
function drawCard(card, css) {
  const { spec, height } = card.figure;
  const key = JSON.stringify([spec, height, css]);
  if (key === card.key) return null;
  card.key = key;
  card.wanted = dressed(spec, css);
  card.frame = skeleton(card.wanted) + height;
  card.css = css;
  if (isBehind(card) && card.frame === card.drawn?.frame && paintCells(card)) return null;
  setHeight(card);
  return hand(card);
}

const isBehind = (card) => card.wanted !== card.drawn?.spec;

/** Everything in a figure except its numbers; what stays equal while only numbers change. */
function skeleton({ data, layout }) {
  const rest = data.map((trace) => Object.fromEntries(Object.entries(trace).map(
    ([name, value]) => [name, NUMBERS.includes(name) ? value?.length : value],
  )));
  return JSON.stringify([rest, layout]);
}

/** Hand the wanted spec to Plotly by its cheapest correct call. */
function hand(card) {
  const { plot, wanted, frame, drawn } = card;
  const { Plotly } = window;
  const { data, layout } = forPlotly(wanted);
  card.drawn = { spec: wanted, frame };
  if (drawn && drawn.frame === frame) {
    const changed = NUMBERS.filter((name) => data.some((t, i) => JSON.stringify(t[name]) !== JSON.stringify(drawn.spec.data[i][name])));
    const update = Object.fromEntries(changed.map((name) => [name, data.map((t) => t[name])]));
    return changed.length ? Plotly.restyle(plot, update, [...data.keys()]) : null;
  }
  if (drawn) return Plotly.react(plot, data, layout, CONFIG);
  recover(card);
  return Plotly.newPlot(plot, data, layout, CONFIG).then(() => card.drawn && attach(plot, card));
}

/** Whatever listens to a drawn plot is connected here, once per plot. */
function attach(plot, card) {
  plot.on("plotly_afterplot", () => placeCells(card));
  placeCells(card);
}

/** Let Plotly catch up, one figure a frame, so that a new edit never waits for all of them. */
async function settle(state) {
  const card = [...state.cards.values()].find(isBehind);
  if (card) {
    const { pause } = state;
    await hand(card);
    // After a newer edit, its own timer goes on from here.
    if (state.alive && state.pause === pause) state.pause = setTimeout(() => settle(state), 16);
  } else if (state.root.dataset.drawn !== undefined) {
    state.root.dataset.settled = state.root.dataset.drawn;
  }
}

function setHeight({ figure, plot, wanted }) {
  let { height } = figure;
  const z = wanted.data.find(isHeatmap)?.z;
  if (figure.spec.layout?.meta?.square && z?.length) {
    height = Math.min(height, Math.round((plot.clientWidth - 80) * (z.length / z[0].length)) + 80);
  }
  if (plot.style.height !== `${height}px`) plot.style.height = `${height}px`;
}

function resize(state) {
  placeArrows(state);
  for (const card of state.cards.values()) {
    if (!card.drawn || card.plot.clientWidth === 0) continue;
    setHeight(card);
    const { width, height } = card.plot._fullLayout ?? {};
    if (width !== card.plot.clientWidth || height !== card.plot.clientHeight) window.Plotly.Plots.resize(card.plot);
  }
}

// ---- labelled cells, painted over Plotly's heatmap ---------------------------------------------

/** The labelled heatmap that we can paint ourselves, or undefined (then Plotly does it all). */
function paintable(spec) {
  const trace = spec.data.find((t) => isHeatmap(t) && t.texttemplate);
  const numeric = (axis) => !axis || axis.every(Number.isFinite);
  const fits = trace?.z?.length && trace.z.length * trace.z[0].length <= MAX_CELLS;
  const known = fits && Array.isArray(trace.colorscale) && Number.isFinite(trace.zmin) && Number.isFinite(trace.zmax);
  return known && labeller(trace) && numeric(trace.x) && numeric(trace.y) ? trace : undefined;
}

/** "%{text}" and "%{z:.4f}" are the label templates we write ourselves. */
function labeller({ texttemplate, text }) {
  if (texttemplate === "%{text}") return (i, j) => text?.[i]?.[j] ?? "";
  const digits = /^%\{z:\.(\d)f\}$/.exec(texttemplate)?.[1];
  return digits && ((i, j, z) => (z === null ? "" : z.toFixed(digits)));
}

/** The spec for Plotly, which need not draw the labels that we paint. */
function forPlotly(spec) {
  const ours = paintable(spec);
  const data = spec.data.map(({ ...trace }) => trace);
  if (ours) delete data[spec.data.indexOf(ours)].texttemplate;
  const { title, ...layout } = structuredClone(spec.layout); // Plotly writes into what it is given
  return { data, layout }; // the card's own heading is the title on the page
}

/** Put the layer of cells exactly over Plotly's own, after each drawing of it. */
function placeCells(card) {
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
  return paintCells(card);
}

function newCells(card, n, m) {
  card.cells?.layer.remove();
  const layer = document.createElementNS(SVG, "svg");
  layer.setAttribute("class", "cells");
  const add = (name) => layer.appendChild(document.createElementNS(SVG, name));
  const rects = Array.from({ length: n * m }, () => add("rect"));
  const labels = Array.from({ length: n * m }, () => add("text"));
  card.cells = { layer, rects, labels, n, m };
}

const setAttributes = (element, values) => Object.entries(values).forEach(([name, v]) => element.setAttribute(name, v));

/** [start, length] in px of each cell along one axis, on whole pixels, without the gap. */
function edges(centres, count, axis, gap = 0) {
  const c = centres ?? [...Array(count).keys()];
  const step = count > 1 ? c[1] - c[0] : 1;
  return c.map((v) => {
    const [a, b] = [axis.c2p(v - step / 2), axis.c2p(v + step / 2)].map(Math.round).sort((p, q) => p - q);
    return [a + gap / 2, Math.max(0, b - a - gap)];
  });
}

/** Show the wanted numbers at once; false if that takes a drawing by Plotly. */
function paintCells(card) {
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
    const shown = size < MIN_LABEL_PX ? "" : text;
    if (labels[k].textContent !== shown) labels[k].textContent = shown;
  });
  return true;
}

/** The colour of a number on the trace's scale, null for a blank cell. */
function colourAt({ colorscale, zmin, zmax, reversescale }, z) {
  if (!Number.isFinite(z)) return null;
  let t = zmax > zmin ? Math.min(1, Math.max(0, (z - zmin) / (zmax - zmin))) : 0.5;
  if (reversescale) t = 1 - t;
  const i = Math.max(1, colorscale.findIndex(([position]) => position >= t));
  const [[p, from], [q, to]] = [colorscale[i - 1], colorscale[i]];
  const [a, b] = [toRgb(from), toRgb(to)];
  return a.map((v, k) => v + (b[k] - v) * (q > p ? (t - p) / (q - p) : 0));
}

/** [r, g, b] of "#rgb", "#rrggbb" or "rgb(r, g, b)". */
function toRgb(colour) {
  if (!colour.startsWith("#")) return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const hex = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** Relative luminance as WCAG defines it, 0 to 1. */
function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever stands out more: always above a contrast of 4.5. */
const readableOn = (rgb) => (luminance(rgb) > 0.179 ? "#000000" : "#ffffff");

// ---- without Plotly ----------------------------------------------------------------------------

/** Say so in each card, show the numbers as a plain table, and tell Python once. */
function fail(state) {
  if (!state.alive) return;
  for (const { plot, figure } of state.cards.values()) {
    plot.setAttribute("role", "group"); // the table is to be read, not skipped as a picture
    plot.tabIndex = 0; // a wide table scrolls, by keyboard too
    plot.classList.add("missing");
    const sentence = make("p", "");
    sentence.textContent = MISSING;
    const tables = figure.spec.data.filter(isHeatmap).map((trace) => plainTable(trace, figure.spec.layout));
    plot.replaceChildren(sentence, ...tables);
  }
  if (!state.failed) state.component.setStateValue("failed", true);
  state.failed = true;
  if (state.component.data.revision !== undefined) state.root.dataset.drawn = String(state.component.data.revision);
}

/** Make room for the picture where the table was, if Plotly came late. */
function recover({ plot }) {
  if (!plot.classList.contains("missing")) return;
  plot.replaceChildren();
  plot.classList.remove("missing");
  plot.removeAttribute("tabindex");
  plot.setAttribute("role", "img");
}

function plainTable({ z, texttemplate, text }, layout = {}) {
  const table = make("table", "");
  const label = (texttemplate && labeller({ texttemplate, text })) || ((i, j, v) => (v === null ? "" : String(v)));
  const head = table.insertRow();
  for (const name of ["", ...(layout.xaxis?.ticktext ?? z[0].map((_, j) => j + 1))]) Object.assign(make("th", "", head), { scope: "col", textContent: name });
  z.forEach((numbers, i) => {
    const row = table.insertRow();
    Object.assign(make("th", "", row), { scope: "row", textContent: layout.yaxis?.ticktext?.[i] ?? i + 1 });
    numbers.forEach((v, j) => { row.insertCell().textContent = label(i, j, v); });
  });
  return table;
}
