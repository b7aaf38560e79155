"""What is drawn over a heatmap: a frame around a row, dots in the corners of cells."""

from typing import Any

import pytest
import torch

from attention_core.figures import matrix_spec, with_lit_row, with_marks
from attention_core.figures.labels import LABELLED_ROWS
from attention_core.figures.palette import ROLE_COLOURS

WORDS = ["to", "<b>", "to", "or", "not"]


def spec_of(n_rows: int, words: list[str]) -> dict[str, Any]:
    return matrix_spec(
        torch.rand(n_rows, 3), [words, list("xyz")], axes=("r", "c"), title="", kind="weights",
        sentence="",
    )  # fmt: skip


@pytest.mark.parametrize("row", [0, 2, 4])
def test_the_frame_is_around_its_row_and_the_name_is_marked(row: int) -> None:
    spec = with_lit_row(spec_of(5, WORDS), row, WORDS[row])
    _, frame = spec["data"]
    assert (min(frame["x"]), max(frame["x"])) == (-0.5, 2.5)
    assert (min(frame["y"]), max(frame["y"])) == (row - 0.5, row + 0.5)
    assert frame["meta"] == {"colors": ROLE_COLOURS["query"]}
    side = spec["layout"]["yaxis"]
    named = dict(zip(side["tickvals"], side["ticktext"], strict=True))
    called = WORDS[row].replace("<", "&lt;").replace(">", "&gt;")
    assert [place for place, name in named.items() if name.startswith("<b>▸ ")] == [row]
    assert named[row] == f"<b>▸ {called}</b>"
    assert len(named) == 5


def test_a_lit_row_takes_the_place_of_its_neighbours_where_not_all_are_named() -> None:
    words = [f"w{place}" for place in range(2 * LABELLED_ROWS)]
    side = with_lit_row(spec_of(len(words), words), 11, "w11")["layout"]["yaxis"]
    assert 11 in side["tickvals"]
    assert {10, 12} & set(side["tickvals"]) == set()
    assert {8, 14} <= set(side["tickvals"])


def test_a_dot_stands_in_the_corner_of_each_cell() -> None:
    spec = spec_of(5, WORDS)
    *before, dots = with_marks(spec, [(0, 1), (4, 2)])["data"]
    assert before == spec["data"]
    assert (dots["x"], dots["y"]) == ([0.6, 1.6], [-0.3, 3.7])
    assert with_marks(with_lit_row(spec, 1, "b"), [(0, 0)])["data"][1]["mode"] == "lines"
