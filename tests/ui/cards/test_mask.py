"""The mask of a lab: its preset, and what was painted over it."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.cards.mask import mask_of, painted_cells, preset_mask, toggled, unpainted
from ui.lab import link
from ui.lab.lab import MASKS, Lab


@settings(max_examples=30)
@given(
    st.integers(1, 11),
    st.sampled_from(MASKS),
    st.integers(1, 13),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), max_size=9),
)
def test_painting_turns_cells_over(
    n: int, preset: str, size: int, cells: list[tuple[int, int]]
) -> None:
    lab = Lab(sentence="a " * n, mask_preset=preset, mask_size=size)
    expected = mask_of(lab)
    for row, column in cells:
        row, column = row % n, column % n
        lab = toggled(lab, row, column)
        expected[row, column] = ~expected[row, column]
    assert torch.equal(mask_of(lab), expected)
    assert painted_cells(lab) == int((expected != preset_mask(lab)).sum())
    assert torch.equal(mask_of(link.decode(link.encode(lab))), expected)
    assert torch.equal(mask_of(unpainted(lab)), preset_mask(lab))
