"""Dropout keeps what a coin says, and what is kept grows."""

import pytest
import torch

from attention_core import Trace
from attention_core.operations import DropNothing, Dropout
from tests.attention_core.instances import alone
from tests.attention_core.matrices import matrix

WEIGHTS = torch.softmax(matrix(4, 4, 2), dim=-1)


def test_it_is_torchs_own_dropout_with_the_same_coins() -> None:
    torch.manual_seed(5)
    theirs = torch.nn.functional.dropout(WEIGHTS, 0.4, training=True)
    kept = theirs != 0
    torch.testing.assert_close(Dropout(0.4).compute(WEIGHTS, kept), theirs)


def test_on_average_a_row_still_sums_to_one() -> None:
    coins = torch.rand(20_000, 4, 4, generator=torch.Generator().manual_seed(1)) >= 0.3
    mean = Dropout(0.3).compute(WEIGHTS.expand_as(coins), coins).mean(0)
    torch.testing.assert_close(mean.sum(-1), torch.ones(4, dtype=mean.dtype), atol=0.02, rtol=0)


def test_coins_for_other_weights_are_refused() -> None:
    with pytest.raises(RuntimeError, match="do not fit"):
        Dropout(0.5).compute(WEIGHTS, torch.ones(1, 4, dtype=torch.bool))


def test_a_dropped_weight_that_is_not_0_breaks_the_law() -> None:
    trace = alone(Dropout(0.5))
    spoilt = trace.output.clone()
    spoilt[tuple((~trace["operand_1"]).nonzero()[0])] = 1e-30
    checks = Trace(trace.mechanism, {**trace.inputs, "result": spoilt}).check()
    assert [check.ok for check in checks if check.law == "every dropped weight is 0"] == [False]


def test_dropping_nothing_gives_a_copy() -> None:
    found = DropNothing().compute(WEIGHTS)
    assert torch.equal(found, WEIGHTS)
    assert found.data_ptr() != WEIGHTS.data_ptr()
