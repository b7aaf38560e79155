/**
 * The elements of a figure's card around its picture: heading, formula, finding, check and note.
 */
import { make, setText } from "./elements.js";
import { nameButtons, saveButtons } from "./figures_save.js";

/** A card with nothing in it yet. */
export function buildCard(id) {
  const card = { drawn: null };
  card.title = make("span", { class: "title", role: "heading", "aria-level": 3 });
  card.shape = make("code", { class: "shape" });
  card.save = saveButtons(card);
  card.formula = make("code", { class: "formula" });
  card.plot = make("div", { class: "plot", role: "img" });
  card.finding = make("p");
  card.check = make("p", { class: "check" });
  card.list = make("ul");
  card.details = make("details", {}, make("summary", {}, "How this is checked"), card.list);
  card.note = make("p", { class: "note" });
  const header = make("header", {}, card.title, card.shape, card.save);
  const words = make("div", { class: "words" }, card.finding, card.check, card.details, card.note);
  card.element = make("article", { class: "card", "data-figure": id }, header, card.formula, card.plot, words);
  return card;
}

function setLine(element, text = "") {
  setText(element, text);
  element.hidden = text === "";
}

/** Say in the card what its figure says of itself. */
export function fillCard(card, figure) {
  setLine(card.title, figure.title);
  setLine(card.shape, figure.shape);
  nameButtons(card.save, figure.title);
  setLine(card.formula, figure.formula);
  setLine(card.finding, figure.alt ? `Finding: ${figure.alt}` : "");
  setLine(card.note, figure.note);
  card.plot.setAttribute("aria-label", `${figure.title}. ${figure.alt ?? ""}`);
  fillCheck(card, figure.check);
}

function fillCheck(card, check) {
  const failed = check?.ok === false;
  card.check.classList.toggle("failed", failed);
  if (failed) card.check.setAttribute("role", "alert");
  else card.check.removeAttribute("role");
  setLine(card.check, check ? `${failed ? "✗" : "✓"} ${check.text}` : "");
  const detail = check?.detail ?? [];
  card.details.hidden = detail.length === 0;
  while (card.list.children.length > detail.length) card.list.lastChild.remove();
  while (card.list.children.length < detail.length) card.list.append(make("li"));
  detail.forEach((line, i) => setText(card.list.children[i], line));
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
