"""Each preset of a mask, cell by cell."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from attention_core.masks import (
    block_mask,
    causal_mask,
    padding_mask,
    prefix_mask,
    sliding_window_mask,
)

PRESETS: dict[str, tuple[Callable[[int, int], Tensor], Callable[[int, int, int], bool]]] = {
    "padding": (padding_mask, lambda i, j, size: j < size),
    "window": (sliding_window_mask, lambda i, j, size: 0 <= i - j < size),
    "prefix": (prefix_mask, lambda i, j, size: j <= i or j < size),
    "blocks": (block_mask, lambda i, j, size: i // size == j // size),
}


@given(st.sampled_from(sorted(PRESETS)), st.integers(1, 13), st.integers(1, 17))
def test_each_cell_is_as_said(preset: str, n: int, size: int) -> None:
    make, may_attend = PRESETS[preset]
    mask = make(n, size)
    assert mask.dtype == torch.bool
    assert mask.is_contiguous()
    assert mask.tolist() == [[may_attend(i, j, size) for j in range(n)] for i in range(n)]


def test_at_their_ends_they_are_the_causal_mask_or_none() -> None:
    everybody = torch.ones(7, 7, dtype=torch.bool)
    assert torch.equal(sliding_window_mask(7, 7), causal_mask(7))
    assert torch.equal(prefix_mask(7, 0), causal_mask(7))
    assert torch.equal(prefix_mask(7, 7), everybody)
    assert torch.equal(padding_mask(7, 9), everybody)
    assert torch.equal(block_mask(7, 7), everybody)
    assert torch.equal(sliding_window_mask(7, 1), torch.eye(7, dtype=torch.bool))
    assert not padding_mask(7, 0).any()


@pytest.mark.parametrize("size", [-1, 1.5, True])
@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_no_size_is_refused(preset: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"must be a whole number from [01]; got"):
        PRESETS[preset][0](3, size)
    with pytest.raises(ValueError, match="n must be a whole number from 1; got 0"):
        PRESETS[preset][0](0, 1)
