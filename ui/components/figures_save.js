/**
 * Save a figure as it is on the screen, with its title, axes and labels, as a PNG or SVG file.
 */
import { make } from "./elements.js";

const TITLE_PX = 44;
const SHARP = 2; // PNG pixels for one on the screen

/** Two buttons that save the card's figure. */
export function saveButtons(card) {
  const buttons = ["png", "svg"].map((format) => (
    make("button", { type: "button", onclick: () => save(card, format) }, format.toUpperCase())
  ));
  return make("span", { class: "save" }, ...buttons);
}

/** Name the buttons after the figure, for those who only hear them. */
export function nameButtons(group, title) {
  for (const button of group.children) {
    button.setAttribute("aria-label", `Save ${title} as ${button.textContent}`);
  }
}

function save(card, format) {
  if (!card.wanted || !window.Plotly) return;
  const { data, layout } = structuredClone(card.wanted);
  const { clientWidth: width, clientHeight: height } = card.plot;
  layout.paper_bgcolor = card.css.background; // a file lies on any page
  layout.title = { x: 0.02, xanchor: "left", y: 0.98, yanchor: "top", ...layout.title };
  layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 0) + TITLE_PX };
  const size = { width: Math.max(width, 480), height: height + TITLE_PX };
  const filename = `attention-lab-${card.figure.id}`;
  window.Plotly.downloadImage({ data, layout }, { format, filename, scale: format === "png" ? SHARP : 1, ...size });
}
