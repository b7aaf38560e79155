"""How far two vectors point the same way, by a second route."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attention_core.studies.alignment import alignment

PRIMES = (2, 3, 5, 7, 11, 13)


@given(st.permutations(PRIMES), st.integers(0, 99))
def test_the_angle_agrees_with_a_second_route(sizes: list[int], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, sizes[0], generator=rng).double()
    one, other = a / a.norm(), b / b.norm()
    halves = math.atan2(float((one - other).norm()), float((one + other).norm()))
    assert alignment(a, b).degrees == pytest.approx(math.degrees(2 * halves), abs=1e-4)
