"""Overviews of large matrices: every number is one of the matrix, and the largest of its block."""

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.figures import heatmap_spec, matrix_spec, pointing
from attention_core.figures.heatmap import figure_of
from attention_core.figures.overview import MOST, overview, packed, unpacked
from tests.attention_core.matrices import matrix

SIZES = st.integers(1, 40)


@settings(max_examples=150, deadline=None)
@given(SIZES, SIZES, st.integers(1, 9), st.integers(0, 9))
def test_each_number_is_the_one_furthest_from_zero_in_its_block(
    n_rows: int, n_columns: int, most: int, seed: int
) -> None:
    tensor = matrix(n_rows, n_columns, seed)
    shown = overview(tensor, most)
    down, across = shown.block
    rows, columns = shown.values.shape
    assert max(rows, columns) <= most
    assert (rows, columns) == (math.ceil(n_rows / down), math.ceil(n_columns / across))
    for row in range(rows):
        for column in range(columns):
            block = tensor[row * down : (row + 1) * down, column * across : (column + 1) * across]
            value = shown.values[row, column]
            assert value.abs() == block.abs().max()
            at = int(shown.at[row, column])
            assert tensor[row * down + at // across, column * across + at % across] == value


def test_a_small_matrix_is_its_own_overview() -> None:
    tensor = matrix(MOST, MOST, 3)
    shown = overview(tensor)
    assert torch.equal(shown.values, tensor)
    assert shown.block == (1, 1)


def test_what_is_not_a_number_hides_no_number() -> None:
    nan, inf = math.nan, math.inf
    tensor = torch.tensor([[nan, 0.0, nan, nan], [inf, -0.5, nan, nan]])
    shown = overview(tensor, most=2)
    assert shown.values[0].tolist() == [0.0, nan] or shown.values[0, 0] == 0.0
    whole = overview(tensor, most=1)
    assert whole.values.item() == -0.5
    assert math.isnan(overview(tensor[:, 2:], most=1).values.item())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_packing_keeps_every_bit(dtype: torch.dtype) -> None:
    tensor = matrix(7, 5, 1, dtype=torch.float64).to(dtype)
    tensor[2, 3] = math.nan
    again = unpacked(packed(tensor))
    torch.testing.assert_close(again.to(dtype), tensor, rtol=0, atol=0, equal_nan=True)
    assert packed(tensor)["shape"] == "7, 5"


@pytest.mark.parametrize(("n_tokens", "d"), [(25, 17), (97, 31), (131, 5), (300, 64), (512, 64)])
def test_the_figure_of_a_large_run_is_an_overview_of_it(n_tokens: int, d: int) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(n_tokens, d, 0, dtype=torch.float32))
    tokens = [f"w{row}" for row in range(n_tokens)]
    for name in trace.steps:
        spec = heatmap_spec(trace, name, tokens)
        cells = spec["data"][0]
        shown = overview(trace[name])
        assert torch.equal(unpacked(cells["z"]), shown.values)
        assert "texttemplate" not in cells
        assert (len(cells["y"]), len(cells["x"])) == shown.values.shape
        if shown.block == (1, 1):
            assert "block" not in cells["meta"]
        else:
            assert cells["meta"]["block"] == list(shown.block)
            assert torch.equal(unpacked(cells["meta"]["at"]), shown.at.to(torch.uint8))
        assert cells["zmax"] >= float(trace[name].max())
        ticks = spec["layout"]["yaxis"]
        assert [tokens[at] for at in ticks["tickvals"]] == ticks["ticktext"]
        # The first and last rows reach exactly to the ends of the matrix.
        step = shown.block[0]
        assert cells["y"][0] - step / 2 == -0.5
        assert cells["y"][-1] + step / 2 >= n_tokens - 0.5


def test_a_part_shows_exact_numbers_in_the_colours_of_the_whole() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(60, 3, 0, dtype=torch.float32))
    tokens = [f"w{row}" for row in range(60)]
    part = (range(40, 45), range(7, 15))
    cells = heatmap_spec(trace, "weights", tokens, part=part)
    whole = heatmap_spec(trace, "weights", tokens)["data"][0]
    heatmap = cells["data"][0]
    assert torch.equal(unpacked(heatmap["z"]), trace["weights"][40:45, 7:15])
    assert heatmap["texttemplate"] == "%{z:.4f}"
    assert (heatmap["zmin"], heatmap["zmax"]) == (whole["zmin"], whole["zmax"])
    assert cells["layout"]["yaxis"]["ticktext"] == tokens[40:45]
    assert cells["layout"]["xaxis"]["ticktext"] == tokens[7:15]
    told = pointing(trace, "weights", tokens, part=part)
    assert (told["first"], told["shape"]) == ([40, 7], [60, 60])
    assert (told["rows"], told["columns"]) == (tokens[40:45], tokens[7:15])


@pytest.mark.parametrize("n_tokens", [3, 40, 300])
def test_a_plain_figure_holds_the_same_numbers(n_tokens: int) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(n_tokens, 5, 0, dtype=torch.float32))
    spec = heatmap_spec(trace, "weights", [f"w{row}" for row in range(n_tokens)])
    cells = figure_of(spec).data[0]
    z = unpacked(json.loads(figure_of(spec).to_json())["data"][0]["z"])
    assert torch.equal(z, overview(trace["weights"]).values)
    assert cells.colorscale[0][1] == spec["data"][0]["meta"]["colorscales"]["light"][0][1]


def test_a_figure_of_512_tokens_is_small() -> None:
    tensor = torch.softmax(matrix(512, 512, 0, dtype=torch.float32), dim=-1)
    labels = [f"w{row}" for row in range(512)]
    spec = matrix_spec(
        tensor, [labels, labels], axes=("a", "b"), title="", kind="weights", sentence=""
    )
    assert len(str(spec)) < 130_000
