/**
 * Draws the pictures of a report from the figure JSON beside it, in the reader's colours, and again
 * in light colours and at a page's width to be printed.
 *
 * Colours of data come in a light and a dark form (trace.meta.colorscales, trace.meta.colors); those
 * of text, lines and paper are the page's own.
 */
"use strict";
(() => {
  const CONFIG = { displaylogo: false, responsive: false, scrollZoom: false, doubleClick: "reset" };
  const PAGE_PX = 680; // what fits on A4 and on Letter between margins of 15 mm
  const specs = JSON.parse(document.getElementById("specs").textContent);
  const plots = [...document.querySelectorAll(".plot")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  const isHeatmap = (trace) => trace.type === "heatmap";

  /** The colours of the page's text, lines and paper as they are now. */
  function readTheme() {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(`--${name}`).trim();
    return { mode: root.dataset.mode, text: read("text"), line: read("line"), paper: read("paper"), font: getComputedStyle(document.body).fontFamily };
  }

  function layoutOf(layout, theme, size) {
    const lines = Object.fromEntries(["grid", "line", "zeroline", "tick"].map((name) => [`${name}color`, theme.line]));
    const axis = (own) => ({ automargin: true, ...lines, ...own, title: { font: { size: 13 }, ...own.title } });
    const dress = (box) => Object.fromEntries(Object.entries(box).map(([name, value]) => {
      if (/^[xyz]axis\d*$/.test(name)) return [name, axis(value)];
      return [name, /^scene\d*$/.test(name) ? dress({ xaxis: {}, yaxis: {}, zaxis: {}, ...value }) : value];
    }));
    const { title, ...own } = layout; // the heading above says it
    return {
      ...dress({ xaxis: {}, yaxis: {}, ...own }),
      ...size,
      autosize: false,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { size: 13, ...own.font, family: theme.font, color: theme.text },
      hoverlabel: { ...own.hoverlabel, bgcolor: theme.paper, bordercolor: theme.line, font: { family: theme.font, color: theme.text } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.text, activecolor: theme.text },
    };
  }

  function dataOf(data, mode) {
    return data.map((trace) => {
      const { colorscales, colors } = trace.meta ?? {};
      const extra = colorscales ? { colorscale: colorscales[mode] } : {};
      if (colors) Object.assign(extra, { line: { ...trace.line, color: colors[mode] }, marker: { ...trace.marker, color: colors[mode] } });
      return { ...trace, ...extra };
    });
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
    const drawn = window.Plotly.react(plot, dataOf(spec.data, root.dataset.mode), layout, CONFIG);
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
      if (colour) text.style.fill = luminance(colour) > 0.179 ? "#000000" : "#ffffff";
    });
  }

  /** The colour of a number on a trace's scale. */
  function colourAt({ colorscale, zmin, zmax }, z) {
    const t = zmax > zmin ? Math.min(1, Math.max(0, (z - zmin) / (zmax - zmin))) : 0.5;
    const i = Math.max(1, colorscale.findIndex(([position]) => position >= t));
    const [[p, from], [q, to]] = [colorscale[i - 1], colorscale[i]];
    const [a, b] = [from, to].map((hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)));
    return a.map((v, k) => v + (b[k] - v) * (q > p ? (t - p) / (q - p) : 0));
  }

  /** Relative luminance as WCAG defines it. */
  function luminance(rgb) {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
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
})();
