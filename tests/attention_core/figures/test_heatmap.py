"""What is handed to Plotly is the trace: the array, the axes, the title, the colour range."""

import json
import math
from typing import Any

import plotly.graph_objects as go
import pytest
import torch
from hypothesis import given
from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, ONE_QUERY, SIMPLE_SELF_ATTENTION, normalisations
from attention_core.figures import heatmap, heatmap_spec, matrix_spec
from attention_core.figures.heatmap import height_of
from attention_core.figures.labels import LABELLED_COLUMNS
from attention_core.figures.palette import COLOUR_SCALES
from tests.attention_core import printed
from tests.attention_core.matrices import matrices, matrix
from tests.attention_core.runs import HEADS, TOKENS, several

X = torch.tensor(printed.X)
TITLES = {
    "inputs": "Embeddings",
    "scores": "Attention scores",
    "weights": "Attention weights",
    "context": "Context vectors",
}


def spec_of(name: str) -> dict[str, Any]:
    """Return the figure of one value for the notebook's inputs."""
    return heatmap_spec(SIMPLE_SELF_ATTENTION.run(inputs=X), name, printed.TOKENS)


@pytest.mark.parametrize("name", printed.ALL_TOKENS)
def test_the_plotted_arrays_have_the_notebooks_numbers(name: str) -> None:
    assert printed.rounded(spec_of(name)["data"][0]["z"]) == printed.ALL_TOKENS[name]


@pytest.mark.parametrize("name", printed.ONE_QUERY)
def test_the_plotted_row_has_the_notebooks_numbers(name: str) -> None:
    trace = ONE_QUERY.run(query=X[1:2], inputs=X)
    spec = heatmap_spec(trace, name, printed.TOKENS)
    assert printed.rounded(spec["data"][0]["z"]) == printed.ONE_QUERY[name]
    assert spec["layout"]["yaxis"]["ticktext"] == ["query token"]


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("inputs", ("token", "dimension")),
        ("scores", ("query token", "key token")),
        ("weights", ("query token", "key token")),
        ("context", ("query token", "dimension")),
    ],
)
def test_axes_and_title_say_what_it_is(name: str, axes: tuple[str, str]) -> None:
    layout = spec_of(name)["layout"]
    assert (layout["yaxis"]["title"]["text"], layout["xaxis"]["title"]["text"]) == axes
    assert layout["title"]["text"] == TITLES[name]
    assert layout["yaxis"]["autorange"] == "reversed"  # row 0 on top
    assert layout["xaxis"]["side"] == "top"
    assert layout["yaxis"]["ticktext"] == printed.TOKENS
    across = printed.TOKENS if axes[1] == "key token" else ["d1", "d2", "d3"]
    assert layout["xaxis"]["ticktext"] == across
    assert layout["xaxis"]["tickvals"] == list(range(len(across)))


@given(matrices(size=9.0))
def test_the_colour_range_is_the_traces(x: Tensor) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    tokens = [f"t{row}" for row in range(len(x))]
    for name in ("inputs", *trace.steps):
        data = heatmap_spec(trace, name, tokens)["data"][0]
        assert data["z"] == trace[name].double().tolist()
        if name == "weights":
            assert (data["zmin"], data["zmax"]) == (0, float(trace[name].max()))
        else:
            assert data["zmax"] == float(trace[name].abs().max())
            assert data["zmin"] == -data["zmax"]


def test_what_is_not_a_number_is_blank() -> None:
    trace = normalisations().run(scores=torch.tensor([[1000.0, 0.0]]))
    spec = heatmap_spec(trace, "naive", ["a", "b"])
    assert spec["data"][0]["z"] == [[None, 0.0]]
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec


def test_words_that_are_markup_are_shown_as_they_are() -> None:
    words = ["<b>x</b>", "a&b", "<img src=x onerror=alert(1)>"]
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(3, 2, 0))
    layout = heatmap_spec(trace, "scores", words)["layout"]
    for axis in ("xaxis", "yaxis"):
        assert layout[axis]["ticktext"] == ["&lt;b&gt;x&lt;/b&gt;", "a&amp;b", "&lt;img src=x on…"]
    title = matrix_spec(
        trace["scores"], [words, words], axes=("r", "c"), title="<i>", kind="scores", sentence=""
    )["layout"]["title"]["text"]
    assert title == "&lt;i&gt;"


def test_equal_words_stay_two_columns() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(3, 2, 0))
    spec = heatmap_spec(trace, "scores", ["to", "be", "to"])
    assert spec["data"][0]["x"] == [0, 1, 2]
    assert spec["layout"]["xaxis"]["ticktext"] == ["to", "be", "to"]


def test_many_labels_are_thinned_and_cells_unlabelled() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(64, 2, 0))
    spec = heatmap_spec(trace, "scores", [f"w{row}" for row in range(64)])
    shown = spec["layout"]["xaxis"]["tickvals"]
    assert 10 < len(shown) <= LABELLED_COLUMNS
    assert spec["layout"]["xaxis"]["ticktext"] == [f"w{row}" for row in shown]
    assert "texttemplate" not in spec["data"][0]
    assert spec_of("scores")["data"][0]["texttemplate"] == "%{z:.4f}"


def test_a_cell_says_what_it_is() -> None:
    hover = spec_of("weights")["data"][0]["hovertemplate"]
    assert hover == "%{y} (query) gives %{z:.4f} of its attention to %{x} (key)<extra></extra>"


def test_it_is_a_figure_in_a_notebook() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    figure = heatmap(trace, "weights", printed.TOKENS)
    assert isinstance(figure, go.Figure)
    assert printed.rounded([list(row) for row in figure.data[0].z]) == printed.WEIGHTS
    assert figure.data[0].colorscale[-1][1] == COLOUR_SCALES["weights"]["light"][-1]


@pytest.mark.parametrize("name", ["queries", "scaled", "masked", "weights"])
def test_each_head_is_its_own_slice_in_the_colours_of_all(name: str) -> None:
    trace = MULTI_HEAD_ATTENTION.run(**several(5), n_heads=HEADS)
    labels = [f"t{row}" for row in range(TOKENS)]
    specs = [heatmap_spec(trace, name, labels, head=head) for head in range(HEADS)]
    for spec, own in zip(specs, trace[name], strict=True):
        plotted = torch.tensor(
            [[-math.inf if z is None else z for z in row] for row in spec["data"][0]["z"]],
            dtype=torch.float64,
        )
        assert torch.equal(plotted, own)
    assert len({(spec["data"][0]["zmin"], spec["data"][0]["zmax"]) for spec in specs}) == 1
    finite = trace[name][trace[name].isfinite()].abs().max()
    assert specs[0]["data"][0]["zmax"] == float(finite)
    assert len({json.dumps(spec["data"][0]["z"]) for spec in specs}) == HEADS


def test_heights_grow_with_the_rows_up_to_a_limit() -> None:
    assert height_of(1) < height_of(6) < height_of(64) == height_of(640)
