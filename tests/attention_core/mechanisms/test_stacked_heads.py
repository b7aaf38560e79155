"""Heads with weights of their own, side by side."""

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_core import MULTI_HEAD_ATTENTION, STACKED_HEADS
from attention_core.parameters import stacked_parameters
from tests.attention_core import printed
from tests.attention_core.chapter import X
from tests.attention_core.runs import apart, several

SIDE_BY_SIDE = [
    [-0.4519, 0.2216, 0.4772, 0.1063],
    [-0.5874, 0.0058, 0.5891, 0.3257],
    [-0.6300, -0.0632, 0.6202, 0.3860],
    [-0.5675, -0.0843, 0.5478, 0.3589],
    [-0.5526, -0.0981, 0.5321, 0.3428],
    [-0.5299, -0.1081, 0.5077, 0.3493],
]


def test_the_books_wrapper() -> None:
    trace = STACKED_HEADS.run(X, **stacked_parameters(3, 2, 2, 123))
    assert trace.steps[-1] == "concatenated"
    assert printed.rounded(trace.output.tolist()) == SIDE_BY_SIDE


@settings(max_examples=20)
@given(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(1, 7),
    st.booleans(),
    st.booleans(),
)
def test_stacked_heads_have_the_numbers_of_split_ones(
    seed: int, heads: int, d_head: int, bias: bool, training: bool
) -> None:
    given = several(seed, heads=heads, d_head=d_head, bias=bias)
    dropping: dict[str, Any] = {"dropout": 0.3, "training": training, "seed": 11}
    split = MULTI_HEAD_ATTENTION.run(**given, n_heads=heads, **dropping)
    stacked = STACKED_HEADS.run(**apart(given, heads), **dropping)
    assert split.steps == stacked.steps
    for name in split.steps:
        torch.testing.assert_close(stacked[name], split[name])


def test_heads_may_be_lists() -> None:
    given = apart(several(0, bias=True))
    lists: dict[str, Any] = {
        name: list(tensor) if name not in ("inputs", "w_out", "b_out") else tensor
        for name, tensor in given.items()
    }
    assert torch.equal(STACKED_HEADS.run(**lists).output, STACKED_HEADS.run(**given).output)
