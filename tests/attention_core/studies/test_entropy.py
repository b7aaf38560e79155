"""Entropy in bits, by torch and by loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attention_core.studies.entropy import check_entropy, entropy, entropy_by_hand
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import RUNS


@given(
    st.integers(1, 13),
    st.integers(0, 2**32),
    st.floats(0.1, 300),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_both_routes_agree(n_keys: int, seed: int, size: float, dtype: torch.dtype) -> None:
    weights = torch.softmax(matrix(3, 7, n_keys, seed, size=size, dtype=dtype), dim=-1)
    bits = entropy(weights)
    assert bits.shape == (3, 7)
    assert check_entropy(weights).ok
    assert (bits <= math.log2(n_keys) + 1e-5).all()
    assert not bits.signbit().any()


def test_known_values() -> None:
    weights = torch.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], dtype=torch.float64)
    assert entropy(weights).tolist() == pytest.approx([1.5, 0.0])
    assert entropy(torch.full((5, 11), 1 / 11)).tolist() == pytest.approx([math.log2(11)] * 5)


@pytest.mark.parametrize("name", RUNS)
def test_the_entropy_of_every_mechanism(name: str) -> None:
    weights = RUNS[name]["weights"]
    assert entropy(weights).shape == weights.shape[:-1]
    assert check_entropy(weights).ok


def test_what_is_not_a_number_stays_so_in_its_row() -> None:
    weights = torch.tensor([[0.5, 0.5], [math.nan, math.nan]])
    for bits in (entropy(weights), entropy_by_hand(weights)):
        assert float(bits[0]) == 1
        assert bits.isnan().tolist() == [False, True]
    assert check_entropy(weights).ok


def test_a_wrong_entropy_is_found() -> None:
    weights = torch.softmax(matrix(5, 7, 0), dim=-1)
    wrong = entropy(weights)
    wrong[-1] += 1e-6
    assert not check_entropy(weights, wrong).ok
