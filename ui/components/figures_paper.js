/**
 * The figures of a page on paper: drawn in light colours and at the paper's width, and back.
 */
import { setHeight } from "./figures_plot.js";

/**
 * Draw the figures for the paper before the page is printed, and for the screen after it.
 *
 * @param {Iterable<object>} groups those on the page at the time
 * @param {(group: object) => void} draw draws a group in the colours of the page
 */
export function followPrinting(groups, draw) {
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing"); // ui/server/print.css
    const fit = ({ clientWidth: width, clientHeight: height }) => ({ width, height });
    drawAll(groups, draw, fit);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    drawAll(groups, draw, () => ({ autosize: true }));
  });
}

function drawAll(groups, draw, sizeOf) {
  for (const group of groups) {
    draw(group);
    for (const card of group.cards.values()) {
      if (!card.drawn || !card.plot._fullLayout) continue;
      setHeight(card);
      window.Plotly.relayout(card.plot, sizeOf(card.plot));
    }
  }
}
