"""Masks before the softmax and after it: what may not be seen is −∞, or 0."""

import itertools
import math

import pytest
import torch

from attention_core import Trace
from attention_core.operations import Mask, Operation, ZeroMasked
from tests.attention_core.instances import alone
from tests.attention_core.matrices import matrix

SCORES = matrix(3, 3, 1)
CAUSAL = torch.ones(3, 3, dtype=torch.bool).tril()
BOTH = [(Mask(), -math.inf), (ZeroMasked(), 0.0)]


@pytest.mark.parametrize(("operation", "hidden"), BOTH)
def test_what_may_be_seen_stays_and_the_rest_does_not(operation: Operation, hidden: float) -> None:
    found = operation.compute(SCORES, CAUSAL)
    assert torch.equal(found[CAUSAL], SCORES[CAUSAL])
    assert set(found[~CAUSAL].abs().tolist()) == {abs(hidden)}
    per_head = operation.compute(torch.stack([SCORES, 2 * SCORES]), CAUSAL)
    assert torch.equal(per_head[0], found)


@pytest.mark.parametrize(("operation", "hidden"), BOTH)
def test_a_mask_is_not_stretched(operation: Operation, hidden: float) -> None:
    with pytest.raises(RuntimeError, match="do not fit"):
        operation.compute(SCORES, CAUSAL[:1])


@pytest.mark.parametrize(("operation", "hidden"), BOTH)
def test_a_cell_that_is_seen_all_the_same_breaks_the_law(
    operation: Operation, hidden: float
) -> None:
    trace = alone(operation)
    assert all(check.ok for check in trace.check())
    mask = trace["operand_1"]
    spoilt = trace.output.clone()
    spoilt[tuple((~mask).nonzero()[0])] = 0.25
    (law,) = [
        check
        for check in Trace(trace.mechanism, {**trace.inputs, "result": spoilt}).check()
        if check.law
    ]
    assert not law.ok
    assert law.route.startswith("every masked ")


def test_the_arithmetic_says_whether_one_may_attend() -> None:
    trace = alone(Mask())
    for row, column in itertools.product(range(7), range(5)):
        told = trace.explain("result", row, column).formula
        may = bool(trace["operand_1"][row, column])
        assert told.startswith("may attend: " if may else "may not attend: -∞ = -inf")
