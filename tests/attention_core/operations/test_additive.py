"""Additive scores: v · tanh(query + key), as torch's modules put it together."""

import pytest
import torch
from torch import nn

from attention_core.operations import AdditiveScores
from attention_core.operations.additive import squashed_apart, tanh_again
from tests.attention_core.matrices import matrix

QUERIES, KEYS, V = matrix(7, 3, 1), matrix(5, 3, 2), matrix(1, 3, 3)


def test_a_linear_of_a_tanh_gives_the_same() -> None:
    linear = nn.Linear(3, 1, bias=False, dtype=V.dtype)
    with torch.no_grad():
        linear.weight.copy_(V)
        theirs = linear(torch.tanh(QUERIES[:, None] + KEYS))[..., 0]
    torch.testing.assert_close(AdditiveScores().compute(V, QUERIES, KEYS), theirs)


def test_no_energy_exceeds_v() -> None:
    found = AdditiveScores().compute(V, 1e6 * QUERIES, KEYS)
    assert float(found.abs().max()) <= float(V.abs().sum()) * (1 + 1e-15)


def test_tanh_by_another_function_is_tanh() -> None:
    x = torch.tensor([-800.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 800.0], dtype=torch.float64)
    torch.testing.assert_close(tanh_again(x), torch.tanh(x), rtol=1e-14, atol=1e-17)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_what_squashing_lets_through_is_no_less_than_it_does(name: str) -> None:
    squash = torch.tanh if name == "tanh" else torch.sigmoid
    inside = torch.linspace(-6, 6, 101, dtype=torch.float64)
    for off in (1e-6, 1e-2, 1.0):
        allowed = squashed_apart(name, inside, torch.full_like(inside, off))
        for moved in (inside + off, inside - off):
            assert bool(((squash(moved) - squash(inside)).abs() <= allowed * (1 + 1e-9)).all())
