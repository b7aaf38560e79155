/**
 * figure_style: what a figure looks like on a page, in the app and in a report.
 *
 * Figure JSON carries no colour of text, grid or paper: those are the page's (`themed`). Colours of
 * data come in a light and a dark form (`inMode`):
 *   trace.meta.colorscales = {light: [...], dark: [...]}   lists of colours, or [position, colour]
 *   spec.palette           = {light: [...], dark: [...]}   the same, for heatmaps without their own
 *   trace.meta.colors      = {light: "#…", dark: "#…"}     for the trace's lines and markers
 *
 * A theme is {mode: "light" | "dark", text, border, background, font}.
 */
export const isHeatmap = (trace) => trace.type === "heatmap";

/** The layout with every colour and font that belongs to the page, not to the data. */
export function themed(layout, { text, border, background, font }) {
  const lines = Object.fromEntries(["grid", "line", "zeroline", "tick"].map((name) => [`${name}color`, border]));
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
    font: { size: 13, ...layout.font, family: font, color: text },
    hoverlabel: { ...layout.hoverlabel, bgcolor: background, bordercolor: border, font: { family: font, color: text } },
  };
}

/** The traces of a spec in its colours of data for a light or a dark page. */
export function inMode({ data, palette }, mode) {
  return data.map((trace) => {
    const { colorscales, colors } = trace.meta ?? {};
    const scale = (colorscales ?? (trace.colorscale ? null : isHeatmap(trace) && palette))?.[mode];
    const extra = {};
    if (scale) extra.colorscale = scale.map((c, i) => (Array.isArray(c) ? c : [i / (scale.length - 1), c]));
    if (colors) Object.assign(extra, { line: { ...trace.line, color: colors[mode] }, marker: { ...trace.marker, color: colors[mode] } });
    return { ...trace, ...extra };
  });
}

/** The colour of a number on the trace's scale, null for a blank cell. */
export function colourAt({ colorscale, zmin, zmax, reversescale }, z) {
  if (!Number.isFinite(z)) return null;
  let t = zmax > zmin ? Math.min(1, Math.max(0, (z - zmin) / (zmax - zmin))) : 0.5;
  if (reversescale) t = 1 - t;
  const i = Math.max(1, colorscale.findIndex(([position]) => position >= t));
  const [[p, from], [q, to]] = [colorscale[i - 1], colorscale[i]];
  const [a, b] = [toRgb(from), toRgb(to)];
  return a.map((v, k) => v + (b[k] - v) * (q > p ? (t - p) / (q - p) : 0));
}

/** [r, g, b] of "#rgb", "#rrggbb" or "rgb(r, g, b)". */
export function toRgb(colour) {
  if (!colour.startsWith("#")) return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const hex = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** Relative luminance as WCAG defines it, 0 to 1. */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever stands out more: always above a contrast of 4.5. */
export const readableOn = (rgb) => (luminance(rgb) > 0.179 ? "#000000" : "#ffffff");
