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
 * `spec` is plain figure JSON ({data, layout}), with the page's colours as figure_style.js says.
 * `layout.meta.square` lets a narrow figure shrink in height so that its cells stay square.
 *
 * A card's elements are made by figures_card.js, its picture by figures_plot.js, and by
 * figures_plain.js without Plotly. What is pointed at, picked or changed is shown by
 * figures_pointer.js.
 */
import { luminance, toRgb } from "../../attention_core/figures/figure_style.js";
import { buildCard, fillCard, placeArrows } from "./figures_card.js";
import { followPrinting } from "./figures_paper.js";
import { showTables } from "./figures_plain.js";
import { drawCard, hand, isBehind, loadPlotly, setHeight } from "./figures_plot.js";
import { forget, listen, markChanges } from "./figures_pointer.js";
import { drewRun, isBehind as isOlder, joinFigures } from "./live.js";

const PAUSE_MS = 150; // Plotly follows our own cells after this much quiet
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

// ---- cards -------------------------------------------------------------------------------------

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
  const card = buildCard(id);
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
  placeArrows(state.cards.values());
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

function resize(state) {
  placeArrows(state.cards.values());
  for (const card of state.cards.values()) {
    if (!card.drawn || card.plot.clientWidth === 0) continue;
    setHeight(card);
    const { width, height } = card.plot._fullLayout ?? {};
    if (width !== card.plot.clientWidth || height !== card.plot.clientHeight) window.Plotly.Plots.resize(card.plot);
  }
}

followPrinting(onPage, draw);

// ---- without Plotly ----------------------------------------------------------------------------

/** Show the numbers as plain tables, and tell Python once. */
function fail(state) {
  if (!state.alive) return;
  for (const card of state.cards.values()) showTables(card);
  if (!state.failed) state.component.setStateValue("failed", true);
  state.failed = true;
}
