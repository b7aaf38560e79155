// What a figure looks like: colours of numbers, labels that can be read on them, the page's own colours.

import assert from "node:assert/strict";
import test from "node:test";

import { colourAt, inMode, luminance, readableOn, themed, toRgb } from "../../attention_core/figures/figure_style.js";

const SCALE = { colorscale: [[0, "#000"], [0.5, "rgb(100, 0, 50)"], [1, "#c80064"]], zmin: -1, zmax: 1 };

test("a number's colour lies between those of its scale, and never beyond them", () => {
  assert.deepEqual(colourAt(SCALE, -1), [0, 0, 0]);
  assert.deepEqual(colourAt(SCALE, 0), [100, 0, 50]);
  assert.deepEqual(colourAt(SCALE, 0.5), [150, 0, 75]);
  assert.deepEqual(colourAt(SCALE, 9), [200, 0, 100]);
  assert.deepEqual(colourAt({ ...SCALE, reversescale: true }, -1), [200, 0, 100]);
  assert.deepEqual(colourAt({ ...SCALE, zmax: -1 }, 7), [100, 0, 50], "a scale of one number");
  assert.equal(colourAt(SCALE, null), null);
  assert.equal(colourAt(SCALE, NaN), null);
});

test("every grey gets the label that stands out more, above the contrast that WCAG asks for", () => {
  for (let v = 0; v < 256; v += 1) {
    const light = luminance([v, v, v]);
    const label = luminance(toRgb(readableOn([v, v, v])));
    const contrast = (Math.max(light, label) + 0.05) / (Math.min(light, label) + 0.05);
    assert.ok(contrast > 4.5, `${v}: ${contrast}`);
  }
});

test("data have their colours of the page's mode, and a heatmap without any those of the figure", () => {
  const own = { light: [[0, "#fff"], [1, "#000"]], dark: [[0, "#000"], [1, "#fff"]] };
  const palette = { light: ["#fff", "#888", "#000"], dark: ["#000", "#fff"] };
  const data = [
    { type: "heatmap", meta: { colorscales: own } },
    { type: "heatmap" },
    { type: "heatmap", colorscale: "Greys" },
    { type: "scatter", line: { width: 2 }, meta: { colors: { light: "#111", dark: "#eee" } } },
  ];
  const light = inMode({ data, palette }, "light");
  assert.deepEqual(light[0].colorscale, own.light);
  assert.deepEqual(light[1].colorscale, [[0, "#fff"], [0.5, "#888"], [1, "#000"]]);
  assert.equal(light[2].colorscale, "Greys");
  assert.deepEqual(light[3].line, { width: 2, color: "#111" });
  assert.deepEqual(inMode({ data, palette }, "dark")[3].marker, { color: "#eee" });
});

test("text and lines have the page's colours, also on the axes of a scene", () => {
  const theme = { text: "#123456", border: "#abcdef", background: "#ffffff", font: "Serif" };
  const layout = themed({ yaxis2: { title: { text: "d2" } }, scene: { camera: 1 } }, theme);
  assert.deepEqual(layout.font, { size: 13, family: "Serif", color: "#123456" });
  for (const axis of [layout.xaxis, layout.yaxis, layout.yaxis2, layout.scene.zaxis]) {
    assert.equal(axis.gridcolor, "#abcdef");
    assert.equal(axis.title.font.size, 13);
  }
  assert.equal(layout.yaxis2.title.text, "d2");
  assert.equal(layout.scene.camera, 1);
});
