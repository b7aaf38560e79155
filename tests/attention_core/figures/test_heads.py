"""The matrix of a value that a figure shows."""

import pytest
import torch

from attention_core.figures.heads import shown_of
from tests.attention_core.runs import HEADS, RUNS


def test_a_head_is_its_own_slice_and_a_value_without_heads_is_itself() -> None:
    trace = RUNS["heads"]
    for head in range(HEADS):
        found = shown_of(trace, "weights", head)
        assert torch.equal(found.matrix, trace["weights"][head])
        assert found.axes == ("query token", "key token")
    found = shown_of(trace, "inputs")
    assert torch.equal(found.matrix, trace["inputs"])
    assert found.axes == ("token", "dimension")


@pytest.mark.parametrize("head", [None, -1, HEADS])
def test_a_value_with_heads_takes_one_that_exists(head: int | None) -> None:
    with pytest.raises(
        ValueError, match=f"weights has shape .* takes a head from 0 to {HEADS - 1}"
    ):
        shown_of(RUNS["heads"], "weights", head)


def test_a_value_without_heads_takes_none() -> None:
    with pytest.raises(ValueError, match=r"inputs has shape .* takes no head; got 0"):
        shown_of(RUNS["heads"], "inputs", 0)
