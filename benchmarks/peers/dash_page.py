"""The peer: the app's first page in Dash, as fast as Dash allows.

Only the numbers of the three figures travel, and nothing else is an output; numbers without labels
travel packed, as Plotly's typed arrays. ``--paint patch`` answers with ``Patch``, as Dash's
documentation advises; ``--paint restyle`` hands the numbers to a clientside callback that calls
``Plotly.restyle``, which does less than the ``Plotly.react`` of ``dcc.Graph``. The figures are
plain JSON, the async scripts are loaded at once, the maths is torch on one thread of the server, as
ours is, and the collector is frozen, as ours is.

``--table inputs`` lets Dash collect all cells, which is its own way. For large tables that takes
long, so ``--table edits`` keeps the edits in the page and sends those alone. ``--figures overview``
draws a large matrix as the app does, with the app's own function. Served by Dash's own threaded
server with debug off, the way of its quick start.

    python -m benchmarks.peers.dash_page --port 8050 --tokens 6 --width 3
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from typing import Any

import torch
from dash import ALL, Dash, Input, Output, Patch, dcc, html
from torch import Tensor

from attention_core.figures.overview import overview, packed
from benchmarks.sentences import matrix_of, sentence_of

Rows = list[list[float]]
NAMES = ("scores", "weights", "context")
LABELLED = 24  # rows; as in the app, a larger figure has no numbers in its cells
SHOWN_ROWS = 64  # of the table, at most
SHOWN_CELLS = 1024

# Dash's own inputs hand over all their values, which for a thousand of them takes long in the
# browser. Instead the page keeps the list of edits, adds one at Enter, and hands it to Dash by the
# documented `set_props`.
COLLECT = """function (id) {
  const lines = [...document.querySelectorAll("table tr")];
  const rows = lines.map((line) => [...line.querySelectorAll("input")]);
  const edits = [];
  document.querySelector("table").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const i = rows.findIndex((row) => row.includes(event.target));
    edits.push([i, rows[i].indexOf(event.target), Number(event.target.value)]);
    dash_clientside.set_props("edits", { data: [...edits] });
  });
  return window.dash_clientside.no_update;
}"""


PAINT = """function (numbers) {
  for (const [name, z] of Object.entries(numbers)) {
    Plotly.restyle(document.querySelector(`#${name} .js-plotly-plot`), { z: [z] });
  }
  return window.dash_clientside.no_update;
}"""


def attention(inputs: Tensor) -> dict[str, Tensor]:
    """Return what the three figures show."""
    scores = inputs @ inputs.T
    weights = torch.softmax(scores, dim=-1)
    context = weights @ inputs
    return dict(zip(NAMES, (scores, weights, context), strict=True))


def numbers(tensor: Tensor, figures: str) -> Any:
    """Return the numbers of a figure as they travel."""
    if len(tensor) <= LABELLED:
        return tensor.tolist()
    return packed(overview(tensor).values if figures == "overview" else tensor)


def figure(name: str, tensor: Tensor, words: Sequence[str], figures: str) -> dict[str, Any]:
    """Return one heatmap as plain figure JSON: cheaper for Dash than a ``go.Figure``."""
    n_rows, n_columns = tensor.shape
    columns = words if n_columns == len(words) else [f"d{j + 1}" for j in range(n_columns)]
    trace: dict[str, Any] = {"type": "heatmap", "z": numbers(tensor, figures)}
    trace |= {"colorscale": "Blues", "showscale": False}
    if n_rows <= LABELLED:
        trace["texttemplate"] = "%{z:.4f}"
    if figures == "overview":
        trace |= {"dy": -(-n_rows // 128), "dx": -(-n_columns // 128)}
    every = -(-len(words) // 40)
    layout = {
        "title": {"text": name},
        "height": 380,
        "margin": {"l": 60, "r": 0, "t": 40, "b": 60},
        "xaxis": ticks(columns, every),
        "yaxis": {**ticks(words, every), "autorange": "reversed"},
    }
    return {"data": [trace], "layout": layout}


def ticks(words: Sequence[str], every: int) -> dict[str, Any]:
    """Return the labels of an axis, every so many of them."""
    shown = list(range(0, len(words), every))
    return {"tickmode": "array", "tickvals": shown, "ticktext": [words[i] for i in shown]}


def answer(inputs: Tensor, figures: str, paint: str) -> Any:
    """Return the new numbers of each figure, and nothing else of it."""
    told = {name: numbers(tensor, figures) for name, tensor in attention(inputs).items()}
    if paint == "restyle":
        return told
    patches = []
    for z in told.values():
        patch = Patch()
        patch["data"][0]["z"] = z
        patches.append(patch)
    return patches


def inputs_table(rows: Rows, words: Sequence[str]) -> html.Table:
    """Return a table of Dash's own inputs, which send at Enter; of a large one, a page."""
    shown = min(SHOWN_ROWS, max(1, SHOWN_CELLS // len(rows[0])))
    return html.Table(
        [
            html.Tr([html.Th(word), *(html.Td(cell(i, j, v)) for j, v in enumerate(row))])
            for i, (word, row) in enumerate(zip(words[:shown], rows[:shown], strict=True))
        ]
    )


def cell(row: int, column: int, entry: float) -> dcc.Input:
    """Return one cell of the table of inputs."""
    name = {"row": row, "column": column}
    return dcc.Input(id=name, value=entry, type="text", debounce=True, style={"width": "5em"})


def page(n_tokens: int, d: int, table: str, figures: str, paint: str) -> Dash:
    """Return the Dash app."""
    rows, words = matrix_of(n_tokens, d), sentence_of(n_tokens).split()
    start = torch.tensor(rows, dtype=torch.float32)
    app = Dash(__name__, eager_loading=True, update_title="")
    graphs = [
        dcc.Graph(id=name, figure=figure(name, z, words, figures), config={"displayModeBar": False})
        for name, z in attention(start).items()
    ]
    grid = {"display": "grid", "gridTemplateColumns": "1fr 1fr 1fr"}
    app.layout = html.Div([inputs_table(rows, words), html.Div(graphs, style=grid)])
    outputs: Any = [Output(name, "figure") for name in NAMES]
    clientside: Any = app.clientside_callback
    if paint == "restyle":
        app.layout.children.append(dcc.Store(id="numbers"))
        outputs = Output("numbers", "data")
        painted = {"prevent_initial_call": True}
        clientside(PAINT, Output("numbers", "id"), Input("numbers", "data"), **painted)

    if table == "edits":
        app.layout.children.append(dcc.Store(id="edits", data=[]))
        clientside(COLLECT, Output("edits", "id"), Input("edits", "id"))

        @app.callback(outputs, Input("edits", "data"), prevent_initial_call=True)
        def update_edits(edits: Rows) -> Any:
            inputs = start.clone()
            for row, column, entry in edits:
                inputs[int(row), int(column)] = entry
            return answer(inputs, figures, paint)

    else:

        @app.callback(
            outputs, Input({"row": ALL, "column": ALL}, "value"), prevent_initial_call=True
        )
        def update(entries: list[str]) -> Any:
            inputs = torch.tensor([float(entry) for entry in entries]).view(n_tokens, d)
            return answer(inputs, figures, paint)

    return app


def main() -> None:
    """Serve the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tokens", type=int, default=6)
    parser.add_argument("--width", type=int, default=3)
    parser.add_argument("--table", choices=("inputs", "edits"), default="inputs")
    parser.add_argument("--figures", choices=("full", "overview"), default="full")
    parser.add_argument("--paint", choices=("patch", "restyle"), default="patch")
    given = parser.parse_args()
    torch.set_num_threads(1)  # the app does so too, and freezes the collector
    app = page(given.tokens, given.width, given.table, given.figures, given.paint)
    gc.collect()
    gc.freeze()
    app.run(port=given.port, debug=False)


if __name__ == "__main__":
    main()
