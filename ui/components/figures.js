/**
 * figures: a responsive grid of cards, each holding one Plotly figure that is drawn once and then
 * changed in place.
 *
 * data = { name, figures: [{ id, title, shape, formula, spec, height, alt, note, check, arrow,
 *          cells }], min_width, max_width, ack, seen, plotly }
 *
 * Edits reach the figures by live.js before their page run does. `seen` says which operations of the
 * tables a run knew, so that an older one never paints over them.
 *
 * A chosen cell goes to Python as the state "picked" = {name, head, row, column, serial}; `serial`
 * grows above `data.ack`, the last one Python has seen.
 *
 * `spec` is plain figure JSON ({data, layout}) and carries no colour of text, grid or paper: those
 * come from the theme (`themed`). Colours of data come in a light and a dark form, chosen by the
 * luminance of the page:
 *   trace.meta.colorscales = {light: [...], dark: [...]}   lists of colours, or [position, colour]
 *   spec.palette           = {light: [...], dark: [...]}   the same, for heatmaps without their own
 *   trace.meta.colors      = {light: "#…", dark: "#…"}     for the trace's lines and markers
 * `layout.meta.square` lets a narrow figure shrink in height so that its cells stay square.
 *
 * Cells are painted by figures_cells.js and figures_canvas.js, ahead of Plotly, which follows when
 * the edits pause. What is pointed at, picked or changed is shown by figures_pointer.js.
 */
import { paintCanvas, placeCanvas, rowsOf } from "./figures_canvas.js";
import { forPlotly, isHeatmap, labeller, paintCells, placeCells } from "./figures_cells.js";
import { luminance, toRgb } from "./figures_colours.js";
import { nameButtons, saveButtons } from "./figures_save.js";
import { drewRun, isBehind as isOlder, joinFigures } from "./live.js";
import { forget, link, listen, markChanges, placeMarks } from "./figures_pointer.js";

const CONFIG = { displayModeBar: false, displaylogo: false, scrollZoom: false, doubleClick: "reset", responsive: false };
const NUMBERS = ["z", "zmin", "zmax", "x", "y", "text", "customdata"]; // a change of these alone is a restyle
const LOAD_MS = 20000;
const PAUSE_MS = 150; // Plotly follows our own cells after this much quiet
const MISSING = "The drawing library could not be loaded, so the picture is missing; the numbers below are still right.";
const instances = new WeakMap();
const onPage = new Set(); // the same, to go through

/** Draw `component.data`; called again for new data and for a new theme. */
export default function figures(component) {
  const { parentElement } = component;
  const state = instances.get(parentElement) ?? mount(parentElement);
  instances.set(parentElement, state);
  state.component = component;
  state.leave?.();
  state.leave = joinFigures(component.data.name, (data) => show(state, data));
  if (!state.shown || !isOlder(component.data.seen)) {
    drewRun(component.data.seen);
    show(state, component.data);
  } else {
    show(state, state.shown); // perhaps in another theme
  }
  return () => unmount(state);
}

function show(state, data) {
  state.shown = data;
  syncCards(state, data);
  loadPlotly(state.component.data.plotly).then(() => draw(state), () => fail(state));
}

function mount(parentElement) {
  const root = parentElement.querySelector(".root");
  const state = { root, parentElement, cards: new Map(), alive: true, failed: false, pause: 0, serial: 0 };
  onPage.add(state);
  state.observer = new ResizeObserver(() => {
    cancelAnimationFrame(state.frame); // one resize per frame, however many cards moved
    state.frame = requestAnimationFrame(() => resize(state));
  });
  return state;
}

function unmount(state) {
  state.alive = false;
  onPage.delete(state);
  state.leave?.();
  state.observer.disconnect();
  cancelAnimationFrame(state.frame);
  clearTimeout(state.pause);
  for (const card of state.cards.values()) remove(card);
  state.cards.clear();
  instances.delete(state.parentElement);
}

function remove(card) {
  forget(card);
  if (card.drawn) window.Plotly.purge(card.plot);
  card.drawn = null;
  card.element.remove();
}

/** Plotly, which the page itself began to load (ui/server/delivery.py); asked for here where that failed. */
function loadPlotly(address) {
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

function syncCards(state, { figures, min_width: minWidth = 300, max_width: maxWidth = 0 }) {
  const { root, cards } = state;
  root.style.setProperty("--min-width", `${minWidth}px`);
  root.style.setProperty("--max-width", maxWidth ? `${maxWidth}px` : "1fr");
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
  card.save = header.appendChild(saveButtons(card));
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
  listen(card, (cell) => pick(state, cell));
  state.cards.set(id, card);
  state.observer.observe(card.plot);
  return card;
}

function pick(state, cell) {
  const { data, setStateValue } = state.component;
  for (const card of state.cards.values()) markChanges(card, null); // the next action has begun
  state.serial = Math.max(state.serial, data.ack ?? 0) + 1;
  setStateValue("picked", { ...cell, serial: state.serial });
}

function fillCard(card, figure) {
  setText(card.title, figure.title);
  setText(card.shape, figure.shape);
  nameButtons(card.save, figure.title);
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
    return { ...trace, z: rowsOf(trace.z), ...extra };
  });
  const layout = themed(spec.layout ?? {}, css);
  // A finger on a heatmap scrolls the page; a mouse on one without numbers zooms in.
  const zooms = data.some((trace) => isHeatmap(trace) && !trace.texttemplate) && matchMedia("(pointer: fine)").matches;
  if (data.every(isHeatmap)) layout.dragmode ??= zooms ? "zoom" : false;
  return { data, layout };
}

// ---- drawing -----------------------------------------------------------------------------------

async function draw(state) {
  if (!state.alive) return;
  if (state.failed) state.component.setStateValue("failed", (state.failed = false));
  shareStyles(state.parentElement);
  const css = readTheme(state.root);
  state.root.dataset.mode = css.mode;
  const cards = [...state.cards.values()];
  const wanted = cards.map((card) => JSON.stringify([card.figure.spec, card.figure.height, css]));
  // The run says once more what its edit has painted already: then all stays as it is.
  if (cards.some((card, i) => card.key !== wanted[i])) {
    await Promise.all(cards.map((card, i) => drawCard(card, css, wanted[i])));
  }
  placeArrows(state);
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
async function drawCard(card, css, key) {
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

const isBehind = (card) => card.wanted !== card.drawn?.spec;

/** Everything in a figure except its numbers; what stays equal while only numbers change. */
function skeleton({ data, layout }) {
  const rest = data.map((trace) => Object.fromEntries(Object.entries(trace).map(
    ([name, value]) => [name, NUMBERS.includes(name) ? value?.length : value],
  )));
  return JSON.stringify([rest, layout], (name, value) => (name === "at" ? undefined : value));
}

/** Hand the wanted spec to Plotly by its cheapest correct call. */
function hand(card) {
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
  recover(card);
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

/** Let Plotly catch up, one figure a frame, so that a new edit never waits for all of them. */
async function settle(state) {
  const card = [...state.cards.values()].find(isBehind);
  if (card) {
    const { pause } = state;
    await hand(card);
    // After a newer edit, its own timer goes on from here.
    if (state.alive && state.pause === pause) state.pause = setTimeout(() => settle(state), 16);
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

// ---- on paper ----------------------------------------------------------------------------------

/** Lay the page out for paper (ui/print.css) and draw every picture for it, before it is printed. */
function toPaper() {
  document.documentElement.classList.add("printing");
  for (const state of onPage) {
    draw(state); // in light colours
    for (const card of drawnCards(state)) {
      setHeight(card);
      window.Plotly.relayout(card.plot, { width: card.plot.clientWidth, height: card.plot.clientHeight });
    }
  }
}

function fromPaper() {
  document.documentElement.classList.remove("printing");
  for (const state of onPage) {
    draw(state);
    for (const card of drawnCards(state)) {
      setHeight(card);
      window.Plotly.relayout(card.plot, { autosize: true });
    }
  }
}

const drawnCards = (state) => [...state.cards.values()].filter((card) => card.drawn && card.plot._fullLayout);

addEventListener("beforeprint", toPaper);
addEventListener("afterprint", fromPaper);

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
}

/** Make room for the picture where the table was, if Plotly came late. */
function recover({ plot }) {
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
