/**
 * The elements of a figure's card around its picture: heading, formula, finding, check and note.
 */
import { nameButtons, saveButtons } from "./figures_save.js";

/** Add an element to its parent, if it has one already. */
export function make(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  parent?.append(element);
  return element;
}

function setText(element, text = "") {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}

/** A card with nothing in it yet. */
export function buildCard(id) {
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
  return card;
}

/** Say in the card what its figure says of itself. */
export function fillCard(card, figure) {
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
export function placeArrows(cards) {
  for (const card of cards) {
    const next = card.figure.arrow ? card.element.nextElementSibling : null;
    const beside = next?.offsetTop === card.element.offsetTop;
    const beneath = next?.offsetLeft === card.element.offsetLeft;
    card.element.dataset.arrow = beside ? "right" : beneath ? "down" : "";
  }
}
