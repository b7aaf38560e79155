/** Colours of data: a number on its scale, and a label that can be read on it. */

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
