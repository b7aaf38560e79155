"""Squashed sums: gates and candidates, within their bounds."""

import math

import pytest
import torch
from torch import nn

from attention_core import Trace
from attention_core.recurrent.gates import ResetCandidate, Squashed, squash, squash_again
from tests.attention_core.matrices import matrix
from tests.attention_core.recurrent.alone import alone, by_its_line, in_float64

WORDS, W, BEFORE, U, B = (matrix(r, c, r + c) for r, c in ((5, 3), (3, 7), (5, 7), (7, 7), (1, 7)))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("x", [-800.0, -1.5, 0.0, 0.25, 800.0])
def test_both_ways_to_squash_agree(name: str, x: float) -> None:
    expected = getattr(torch, name)(torch.tensor(x, dtype=torch.float64))
    assert squash(name, x) == pytest.approx(float(expected), rel=1e-14)
    again = squash_again(name, torch.tensor(x, dtype=torch.float64))
    assert float(again) == pytest.approx(float(expected), rel=1e-14, abs=1e-16)


def test_a_tanh_of_both_sums_is_torchs_cell() -> None:
    trace = alone(Squashed("tanh"), WORDS, W, BEFORE, U, B)
    cell = nn.RNNCell(3, 7, dtype=WORDS.dtype)
    with torch.no_grad():
        for own, ours in ((cell.weight_ih, W.T), (cell.weight_hh, U.T), (cell.bias_ih, B[0])):
            own.copy_(ours)
        cell.bias_hh.zero_()
        torch.testing.assert_close(trace["made"], cell(WORDS, BEFORE))
    assert torch.equal(by_its_line(trace), trace["made"])
    torch.testing.assert_close(in_float64(trace), trace["made"])


def test_a_reset_candidate_is_the_grus() -> None:
    reset, recalled = torch.sigmoid(matrix(5, 7, 8)), matrix(5, 7, 9)
    trace = alone(ResetCandidate(), WORDS, W, B, reset, recalled)
    expected = torch.tanh(WORDS @ W + B + reset * recalled)
    assert torch.equal(trace["made"], expected)
    assert torch.equal(by_its_line(trace), expected)
    torch.testing.assert_close(in_float64(trace), expected)
    assert all(check.ok for check in trace.check())


@pytest.mark.parametrize(
    ("name", "wrong", "law"),
    [
        ("tanh", 1.25, "no value is beyond ±1"),
        ("sigmoid", -0.25, "every gate lies between 0 and 1"),
    ],
)
def test_a_value_beyond_its_bounds_breaks_the_law(name: str, wrong: float, law: str) -> None:
    trace = alone(Squashed(name), WORDS, W, BEFORE, U, B)
    assert all(check.ok for check in trace.check())
    spoilt = trace["made"].clone()
    spoilt[2, 3] = wrong
    checks = {
        check.route: check
        for check in Trace(trace.mechanism, {**trace.inputs, "made": spoilt}).check()
    }
    assert not checks[law].ok
    assert math.isclose(checks[law].max_difference, 0.25, rel_tol=1e-6)
