/**
 * Clocks inside the measured page, so that the driver's own delay is in none of them.
 *
 * Painted means: the numbers of every figure have changed, and the frame after that has been
 * produced (a task posted from requestAnimationFrame runs once style, layout and paint are done).
 * A figure's numbers have changed when what the app paints over Plotly's picture differs: the labels
 * of `svg.cells`, or the pixels of a canvas, which says how often it was painted anew; where there is
 * neither, when Plotly has emitted plotly_afterplot and holds other numbers than before. Dash's
 * figures are Plotly's, so for them it is always the latter.
 */
(() => {
  const wire = { sent: 0, received: 0, bytes: 0 };

  function* roots(root) {
    yield root;
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) yield* roots(element.shadowRoot);
  }
  const all = (selector) => [...roots(document)].flatMap((root) => [...root.querySelectorAll(selector)]);
  const frame = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.now());
    port2.postMessage(null);
  }));

  /** What tells one state of a figure from another. */
  function numbers(plot) {
    const cells = plot.querySelector("svg.cells");
    const canvas = plot.querySelector(".pixels canvas");
    if (cells || canvas) return cells ? cells.textContent : canvas.dataset.turn;
    const { z } = plot.calcdata?.[0]?.[0]?.trace?._input ?? plot.data[0];
    return z.bdata ?? z.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
  }

  /** Resolves when a figure's numbers have changed. */
  function changed(plot) {
    const before = numbers(plot);
    return new Promise((done) => {
      const look = () => { if (numbers(plot) !== before) done(performance.now()); };
      const own = plot.querySelector("svg.cells, .pixels");
      if (own) new MutationObserver((_, me) => { look(); if (numbers(plot) !== before) me.disconnect(); }).observe(own, { subtree: true, childList: true, characterData: true, attributes: true });
      else plot.on("plotly_afterplot", look);
    });
  }

  function type(input, text) {
    input.focus();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
    input.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, data: text }));
  }

  function enter(input) {
    const key = { key: "Enter", code: "Enter", keyCode: 13, which: 13, charCode: 13, bubbles: true, composed: true, cancelable: true };
    input.dispatchEvent(new KeyboardEvent("keydown", key));
    input.dispatchEvent(new KeyboardEvent("keypress", key));
  }

  /** Type into an input, press Enter, and tell when what `done` promises was painted, in ms. */
  async function afterEnter(input, text, done) {
    type(input, text);
    await new Promise((idle) => setTimeout(idle, 60)); // what typing itself causes is not counted
    const waiting = done();
    Object.assign(wire, { sent: 0, received: 0, bytes: 0 });
    performance.clearResourceTimings();
    const start = performance.now();
    enter(input);
    await waiting;
    const { sent, received } = wire;
    const painted = await frame();
    const [call] = performance.getEntriesByType("resource").filter((e) => /_dash-update|\/live$/.test(e.name));
    const [asked, answered] = call ? [call.startTime, call.responseEnd] : [sent, received];
    return { total: painted - start, before: asked - start, server: answered - asked, after: painted - answered };
  }

  /** What has come in since the last Enter, in bytes. */
  function received() {
    const calls = performance.getEntriesByType("resource");
    return wire.bytes + calls.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  }

  // The three figures that every measured page has; not the app's own part with exact numbers.
  const plots = () => all(".js-plotly-plot").filter((plot) => !plot.closest("[data-figure$=_part]"));
  const inputs = () => all("table input");

  window.bench = {
    all, frame, plots, inputs, numbers, received,
    isReady: (count) => plots().filter((plot) => plot.data && plot.querySelector(".heatmaplayer image")).length >= count && inputs().length > 0,
    edit: (index, text) => afterEnter(inputs()[index], text, () => Promise.all(plots().map(changed))),
    echo: (text) => {
      const shown = () => all("[data-testid=stMarkdown]")[0];
      return afterEnter(all("input[type=text]")[0], text, () => new Promise((done) => {
        const look = () => shown()?.textContent === text && done();
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
      }));
    },

    /** Point at a cell of a figure: ms until the cells that belong to it were painted, and how many. */
    async hover(figure, row, column) {
      const plot = all(`[data-figure=${figure}] .plot`)[0];
      const { xaxis, yaxis } = plot._fullLayout;
      const box = plot.getBoundingClientRect();
      const at = { clientX: box.left + xaxis._offset + xaxis.c2p(column), clientY: box.top + yaxis._offset + yaxis.c2p(row) };
      const lit = () => all(".marks .lit rect").map((rect) => rect.dataset.region).join();
      const before = lit();
      const start = performance.now();
      plot.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true, composed: true }));
      const isLit = lit() !== before;
      return { total: (await frame()) - start, isLit, sent: wire.sent };
    },

    /** Count, from now on, how often the last figure's numbers were other ones in a new frame. */
    watch() {
      const log = { paints: [], until: Infinity };
      const plot = plots().at(-1);
      let last = numbers(plot);
      const look = (now) => {
        const current = numbers(plot);
        if (current !== last) log.paints.push(now);
        last = current;
        if (now < log.until) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      addEventListener("pointerup", () => { log.released = performance.now(); }, { capture: true, once: true });
      window.bench.log = log;
    },
    forgetWire: () => Object.assign(wire, { sent: 0, received: 0 }),
  };

  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (...given) {
    wire.sent ||= performance.now();
    if (!this.isHeard) this.addEventListener("message", ({ data }) => {
      wire.received = performance.now();
      wire.bytes += data.byteLength ?? data.size ?? data.length;
    });
    this.isHeard = true;
    return send.apply(this, given);
  };

  // The first picture: looked for once a frame, in every measured page alike.
  const first = async () => {
    if (document.body && plots().some((plot) => plot.querySelector(".heatmaplayer image"))) {
      window.firstPicture = performance.timeOrigin + (await frame());
    } else requestAnimationFrame(first);
  };
  requestAnimationFrame(first);
})();
