"""Colours: one scale for each kind of number, around what it has to be."""

import math
from typing import Any

import pytest
import torch

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.figures import heatmap_spec
from attention_core.figures.palette import COLOUR_SCALES, range_of
from tests.attention_core import printed

X = torch.tensor(printed.X)


def spec_of(name: str) -> dict[str, Any]:
    """Return the figure of one value for the notebook's inputs."""
    return heatmap_spec(SIMPLE_SELF_ATTENTION.run(inputs=X), name, printed.TOKENS)


def test_each_kind_of_number_has_its_colours() -> None:
    kinds = {"inputs": "vectors", "scores": "scores", "weights": "weights", "context": "vectors"}
    for name, kind in kinds.items():
        scales = spec_of(name)["data"][0]["meta"]["colorscales"]
        for theme in ("light", "dark"):
            assert [colour for _, colour in scales[theme]] == COLOUR_SCALES[kind][theme]
            assert (scales[theme][0][0], scales[theme][-1][0]) == (0, 1)


@pytest.mark.parametrize("kind", COLOUR_SCALES)
def test_a_range_is_never_empty(kind: str) -> None:
    for numbers in ([[0.0, 0.0]], [[math.nan, math.inf]]):
        low, high = range_of(kind, torch.tensor(numbers))
        assert low < high


def test_negative_shares_get_a_range_around_zero() -> None:
    assert range_of("weights", torch.tensor([[-1.5, 2.5]])) == (-2.5, 2.5)
