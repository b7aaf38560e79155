"""The peer: the app's first page in Dash, as fast as Dash allows.

The server answers with ``Patch``, as Dash's documentation advises: only the numbers of the three
figures travel, and nothing else is an output. The figures are plain JSON, the async scripts are
loaded at once, the maths is torch on the server, as ours is, and the collector is frozen, as ours
is. ``--table inputs`` lets Dash collect all cells; ``--table store`` collects them in the page,
for large tables. Served by Dash's own threaded server with debug off, the way of its quick start.

    python -m benchmarks.peers.dash_page --port 8050 --tokens 6 --width 3
"""

from __future__ import annotations

import argparse
import gc
from typing import Any

import torch
from dash import ALL, Dash, Input, Output, Patch, dcc, html

from benchmarks.sentences import matrix_of, sentence_of

Rows = list[list[float]]
NAMES = ("scores", "weights", "context")
LABELLED = 24  # rows; as in the app, a larger figure has no numbers in its cells


# Dash's own inputs hand over all their values, which for a thousand of them takes long in the
# browser. Instead the page keeps the matrix, changes one number of it at Enter, and hands it to
# Dash by the documented `set_props`.
COLLECT = """function (id) {
  const lines = [...document.querySelectorAll("table tr")];
  const rows = lines.map((line) => [...line.querySelectorAll("input")]);
  const matrix = rows.map((row) => row.map((input) => Number(input.value)));
  document.querySelector("table").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const i = rows.findIndex((row) => row.includes(event.target));
    matrix[i] = matrix[i].with(rows[i].indexOf(event.target), Number(event.target.value));
    dash_clientside.set_props("matrix", { data: [...matrix] });
  });
  return window.dash_clientside.no_update;
}"""


def attention(rows: Rows) -> dict[str, Rows]:
    """Return what the three figures show."""
    inputs = torch.tensor(rows, dtype=torch.float32)
    scores = inputs @ inputs.T
    weights = torch.softmax(scores, dim=-1)
    context = weights @ inputs
    return dict(zip(NAMES, (scores.tolist(), weights.tolist(), context.tolist()), strict=True))


def figure(name: str, rows: Rows, words: list[str]) -> dict[str, Any]:
    """Return one heatmap as plain figure JSON: cheaper for Dash than a ``go.Figure``."""
    columns = words if len(rows[0]) == len(words) else [f"d{j + 1}" for j in range(len(rows[0]))]
    trace: dict[str, Any] = {"type": "heatmap", "z": rows, "colorscale": "Blues"}
    trace["showscale"] = False
    if len(rows) <= LABELLED:
        trace["texttemplate"] = "%{z:.4f}"
    ticks = {"tickmode": "array", "tickvals": list(range(len(words))), "ticktext": words}
    across = {"tickmode": "array", "tickvals": list(range(len(columns))), "ticktext": columns}
    layout = {
        "title": {"text": name},
        "height": 380,
        "margin": {"l": 60, "r": 0, "t": 40, "b": 60},
        "xaxis": across,
        "yaxis": {**ticks, "autorange": "reversed"},
    }
    return {"data": [trace], "layout": layout}


def patches(rows: Rows) -> list[Patch]:
    """Return the new numbers of each figure, and nothing else of it."""
    answer = []
    for numbers in attention(rows).values():
        patch = Patch()
        patch["data"][0]["z"] = numbers
        answer.append(patch)
    return answer


def inputs_table(rows: Rows, words: list[str]) -> html.Table:
    """Return a table of Dash's own inputs, which send at Enter."""
    return html.Table(
        [
            html.Tr([html.Th(word), *(html.Td(cell(i, j, v)) for j, v in enumerate(row))])
            for i, (word, row) in enumerate(zip(words, rows, strict=True))
        ]
    )


def cell(row: int, column: int, entry: float) -> dcc.Input:
    """Return one cell of the table of inputs."""
    name = {"row": row, "column": column}
    return dcc.Input(id=name, value=entry, type="text", debounce=True, style={"width": "5em"})


def page(n_tokens: int, d: int, table: str) -> Dash:
    """Return the Dash app."""
    rows, words = matrix_of(n_tokens, d), sentence_of(n_tokens).split()
    app = Dash(__name__, eager_loading=True, update_title="")
    graphs = [
        dcc.Graph(id=name, figure=figure(name, z, words), config={"displayModeBar": False})
        for name, z in attention(rows).items()
    ]
    grid = {"display": "grid", "gridTemplateColumns": "1fr 1fr 1fr"}
    app.layout = html.Div([inputs_table(rows, words), html.Div(graphs, style=grid)])
    outputs = [Output(name, "figure") for name in NAMES]

    if table == "store":
        app.layout.children.append(dcc.Store(id="matrix", data=rows))
        collect: Any = app.clientside_callback
        collect(COLLECT, Output("matrix", "id"), Input("matrix", "id"))

        @app.callback(outputs, Input("matrix", "data"), prevent_initial_call=True)
        def update_rows(rows: Rows) -> list[Patch]:
            return patches(rows)

    else:

        @app.callback(
            outputs, Input({"row": ALL, "column": ALL}, "value"), prevent_initial_call=True
        )
        def update(entries: list[str]) -> list[Patch]:
            numbers = [float(entry) for entry in entries]
            return patches([numbers[i : i + d] for i in range(0, len(numbers), d)])

    return app


def main() -> None:
    """Serve the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tokens", type=int, default=6)
    parser.add_argument("--width", type=int, default=3)
    parser.add_argument("--table", choices=("inputs", "store"), default="inputs")
    given = parser.parse_args()
    app = page(given.tokens, given.width, given.table)
    gc.collect()
    gc.freeze()  # the app does so too
    app.run(port=given.port, debug=False)


if __name__ == "__main__":
    main()
