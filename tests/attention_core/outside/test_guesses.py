"""What tensors of a file are taken for."""

import math

import pytest
import torch
from torch import Tensor

from attention_core.outside.claims import TensorFileError
from attention_core.outside.guesses import cleaned, guesses, possible_roles
from tests.attention_core.outside.drawn import drawn, shares

GUESSED: dict[str, tuple[dict[str, Tensor], dict[str, str]]] = {
    "one letter": (
        {"q": drawn(5, 3), "k": drawn(7, 3), "v": drawn(7, 2)},
        {"queries": "q", "keys": "k", "values": "v"},
    ),
    "a model's names": (
        {
            "blocks.0.attn.q_proj.weight": drawn(3, 2),
            "blocks.0.attn.key.weight": drawn(3, 2),
            "blocks.0.wv": drawn(3, 2),
            "blocks.0.x": drawn(5, 3),
        },
        {
            "inputs": "blocks.0.x",
            "w_query": "blocks.0.attn.q_proj.weight",
            "w_key": "blocks.0.attn.key.weight",
            "w_value": "blocks.0.wv",
        },
    ),
    "attention and more": (
        {"attn_weights": shares(2, 5, 5), "values": drawn(2, 5, 3), "bias": drawn(1, 3)},
        {"values": "values", "weights": "attn_weights"},
    ),
    "a name of another shape": ({"q": drawn(600, 3), "a": drawn(5, 3)}, {"inputs": "a"}),
    "rows that sum to 1": ({"": shares(5, 5)}, {"weights": ""}),
    "a square that does not": ({"": drawn(5, 5)}, {"inputs": ""}),
    "a square with a negative entry": (
        {"": torch.tensor([[1.25, -0.25], [0.5, 0.5]])},
        {"inputs": ""},
    ),
    "a stack of squares": ({"": drawn(2, 5, 5)}, {"weights": ""}),
    "layers": ({"": drawn(3, 2, 5, 5)}, {"weights": ""}),
    "items": ({"": drawn(3, 5, 2)}, {"inputs": ""}),
    "a mask": (
        {"mask": torch.ones(5, 5, dtype=torch.bool), "q": drawn(5, 2), "k": drawn(5, 2)},
        {"queries": "q", "keys": "k", "mask": "mask"},
    ),
}


@pytest.mark.parametrize(("given", "expected"), GUESSED.values(), ids=GUESSED)
def test_what_tensors_are_is_guessed(given: dict[str, Tensor], expected: dict[str, str]) -> None:
    assert guesses(given) == expected
    assert all(role in possible_roles(given[name]) for role, name in expected.items())


def test_no_more_than_can_be_shown_is_possible() -> None:
    assert possible_roles(drawn(513, 513)) == ("w_query", "w_key", "w_value")
    assert "weights" not in possible_roles(drawn(5, 513))
    assert "weights" in possible_roles(drawn(512, 512))
    for shape in ((3,), (1, 1, 2, 3, 3), (513, 3, 3)):
        assert possible_roles(drawn(*shape)) == ()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_with_its_place(bad: float) -> None:
    tensor = drawn(2, 3, 5)
    tensor[1, 2, 4] = bad
    with pytest.raises(TensorFileError, match=r"attn has (nan|inf) at \(1, 2, 4\)"):
        cleaned("attn", tensor)
