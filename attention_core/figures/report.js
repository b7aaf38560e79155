/**
 * Draws the pictures of a report from the figure JSON beside it, in the reader's colours, and again
 * in light colours and at a page's width to be printed.
 *
 * It stands in one module with figure_style.js, which comes first: a file that works from the disk
 * can import nothing.
 */
const CONFIG = { displaylogo: false, responsive: false, scrollZoom: false, doubleClick: "reset" };
const PAGE_PX = 680; // what fits on A4 and on Letter between margins of 15 mm
const specs = JSON.parse(document.getElementById("specs").textContent);
const plots = [...document.querySelectorAll(".plot")];
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

/** The colours of the page's text, lines and paper as they are now. */
function readTheme() {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const { fontFamily: font } = getComputedStyle(document.body);
  return { mode: root.dataset.mode, text: read("text"), border: read("line"), background: read("paper"), font };
}

function layoutOf({ title, ...own }, theme, size) { // the heading above says the title
  const modebar = { bgcolor: "rgba(0,0,0,0)", color: theme.text, activecolor: theme.text };
  return { ...themed(own, theme), ...size, autosize: false, modebar };
}

/** Draw one picture, or draw it anew in other colours or another size. */
function draw(plot) {
  const spec = structuredClone(specs[plot.dataset.spec]); // Plotly writes into what it is given
  const size = { width: plot.parentElement.clientWidth, height: parseInt(plot.style.height, 10) };
  if (!spec.data.every(isHeatmap)) size.width = Math.min(size.width, 900);
  const zooms = matchMedia("(pointer: fine)").matches;
  const layout = layoutOf(spec.layout ?? {}, readTheme(), size);
  if (spec.data.every(isHeatmap)) layout.dragmode = zooms ? "zoom" : false; // a finger scrolls
  const isNew = !plot.classList.contains("js-plotly-plot");
  const drawn = window.Plotly.react(plot, inMode(spec, root.dataset.mode), layout, CONFIG);
  if (isNew) plot.on("plotly_afterplot", () => label(plot));
  label(plot);
  return drawn;
}

/** Write each number in black or in white, whichever stands out more on its cell. */
function label(plot) {
  plot.querySelectorAll(".heatmap-label text").forEach((text) => {
    const cell = text.__data__ ?? text.parentElement.__data__;
    const trace = plot._fullData.find(isHeatmap);
    const z = Number.isFinite(cell?.z) ? cell.z : parseFloat(text.textContent);
    const colour = trace && Number.isFinite(z) ? colourAt(trace, z) : null;
    if (colour) text.style.fill = readableOn(colour);
  });
}

async function drawAll() {
  root.dataset.drawn = "no";
  for (const plot of plots) {
    await draw(plot);
    // Let the reader scroll meanwhile.
    await new Promise((resolve) => { setTimeout(resolve, 0); });
  }
  root.dataset.drawn = "yes";
}

function readMode() {
  root.dataset.mode = dark.matches ? "dark" : "light";
}

let waiting = 0;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => plots.filter((plot) => plot._fullLayout?.width !== plot.parentElement.clientWidth).forEach(draw), 150);
});
dark.addEventListener("change", () => {
  if (root.classList.contains("printing")) return;
  readMode();
  plots.forEach(draw);
});
addEventListener("beforeprint", () => {
  root.classList.add("printing");
  root.style.setProperty("--page", `${PAGE_PX}px`);
  root.dataset.mode = "light";
  plots.forEach(draw);
});
addEventListener("afterprint", () => {
  root.classList.remove("printing");
  readMode();
  plots.forEach(draw);
});
readMode();
drawAll();
