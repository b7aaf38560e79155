"""A turned figure is the transpose in all its parts, and its cells say the same."""

import itertools
import re
from typing import Any

import pytest
import torch

from attention_core import SIMPLE_SELF_ATTENTION, Trace
from attention_core.figures import heatmap_spec, matrix_spec, turned
from attention_core.figures.heatmap import label_template
from attention_core.figures.labels import LABELLED_COLUMNS
from tests.attention_core.figures.runs import RUNS, each_run

TOKENS = ["<b>to</b>", "be", "to", "or", "not"]


def labels(axis: dict[str, Any]) -> list[tuple[int, str]]:
    return list(zip(axis["tickvals"], axis["ticktext"], strict=True))


@each_run
def test_a_turned_figure_is_the_transpose_in_all_its_parts(trace: Trace) -> None:
    for name in (*trace.inputs, *trace.steps):
        spec = heatmap_spec(trace, name, TOKENS)
        again = turned(spec)
        before, after = spec["data"][0], again["data"][0]
        assert after["z"] == trace[name].mT.tolist()
        assert (after["x"], after["y"]) == (before["y"], before["x"])
        across, down = again["layout"]["xaxis"], again["layout"]["yaxis"]
        assert across["title"] == spec["layout"]["yaxis"]["title"]
        assert down["title"] == spec["layout"]["xaxis"]["title"]
        assert labels(across) == labels(spec["layout"]["yaxis"])
        assert labels(down) == labels(spec["layout"]["xaxis"])
        assert (across["side"], down["autorange"]) == ("top", "reversed")
        assert "autorange" not in across
        assert after.get("texttemplate", "") == label_template(len(after["y"]), len(after["x"]))
        assert {part: after[part] for part in ("zmin", "zmax", "meta", "colorbar")} == {
            part: before[part] for part in ("zmin", "zmax", "meta", "colorbar")
        }
        assert again["layout"]["title"] == spec["layout"]["title"]


def hovered(spec: dict[str, Any], across: int, down: int) -> str:
    """Return what Plotly says of a cell on screen."""
    cells, layout = spec["data"][0], spec["layout"]
    parts = {
        "%{x}": dict(labels(layout["xaxis"]))[across],
        "%{y}": dict(labels(layout["yaxis"]))[down],
        "%{z:.4f}": f"{cells['z'][down][across]:.4f}",
    }
    return re.sub(r"%\{[^}]+\}", lambda part: parts[part[0]], str(cells["hovertemplate"]))


@each_run
def test_each_cell_says_the_same_wherever_it_stands(trace: Trace) -> None:
    for name in (*trace.inputs, *trace.steps):
        spec = heatmap_spec(trace, name, TOKENS)
        n_rows, n_columns = trace[name].shape
        for row, column in itertools.product(range(n_rows), range(n_columns)):
            assert hovered(spec, column, row) == hovered(turned(spec), row, column)


@pytest.mark.parametrize("row", range(5))
def test_the_lit_row_becomes_the_lit_column(row: int) -> None:
    trace = RUNS["simple"]
    for name in trace.steps:
        spec = turned(heatmap_spec(trace, name, TOKENS, lit_row=row))
        cells, frame = spec["data"]
        assert cells["z"] == trace[name].mT.tolist()
        assert (min(frame["x"]), max(frame["x"])) == (row - 0.5, row + 0.5)
        assert (min(frame["y"]), max(frame["y"])) == (-0.5, len(cells["y"]) - 0.5)
        across, down = spec["layout"]["xaxis"], spec["layout"]["yaxis"]
        assert across["range"] == [-0.5, 4.5]
        assert (down["range"], down["autorange"]) == ([len(cells["y"]) - 0.5, -0.5], False)
        bold = [position for position, text in labels(across) if text.startswith("<b>▾ ")]
        assert bold == [row]
        assert len(across["tickvals"]) == 5


@pytest.mark.parametrize("row", [0, 1, 31, 63])
def test_the_lit_column_is_named_among_many_and_no_label_stands_too_near(row: int) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(64))
    words = [f"▸{i}" for i in range(64)]
    axis = turned(heatmap_spec(trace, "weights", words, lit_row=row))["layout"]["xaxis"]
    named = dict(labels(axis))
    assert named[row] == f"<b>▾ ▸{row}</b>"
    assert [text for text in named.values() if "<b>" in text] == [named[row]]
    assert 10 < len(named) <= LABELLED_COLUMNS
    places = sorted(named)
    assert min(b - a for a, b in itertools.pairwise(places)) >= 2


def test_texts_in_cells_and_marks_over_them_turn_too() -> None:
    spec = matrix_spec(
        torch.ones(2, 3), [list("ab"), list("xyz")], axes=("r", "c"), title="", kind="scores",
        sentence="",
    )  # fmt: skip
    spec["data"][0] |= {"texttemplate": "%{text}", "text": [list("123"), list("456")]}
    spec["data"].append(
        {"type": "scatter", "x": [2], "y": [9], "marker": {"symbol": "triangle-up"}}
    )
    cells, mark = turned(spec)["data"]
    assert cells["text"] == [["1", "4"], ["2", "5"], ["3", "6"]]
    assert cells["texttemplate"] == "%{text}"
    assert (mark["x"], mark["y"], mark["marker"]["symbol"]) == ([9], [2], "triangle-left")
