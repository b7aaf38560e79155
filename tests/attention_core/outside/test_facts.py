"""What holds of attention weights, and where it does not."""

import math

import pytest
import torch

from attention_core.outside.facts import facts
from tests.attention_core.outside.drawn import drawn


def test_facts() -> None:
    good = torch.softmax(
        drawn(3, 2, 5, 5).masked_fill(~torch.ones(5, 5).tril().bool(), -math.inf), -1
    )
    assert [fact.holds for fact in facts(good)] == [True, True, True]
    later = good.clone()
    later[2, 1, 0, 3], later[2, 1, 0, 0] = 0.25, 0.75
    shares_hold, sums, causal = facts(later)
    assert (shares_hold.holds, sums.holds, causal.holds) == (True, True, False)
    assert (causal.cell, causal.worst) == ((2, 1, 0, 3), 0.25)
    rounded = (good * 1000).round() / 1000
    assert facts(rounded)[1].holds is None
    wrong = good.clone()
    wrong[1, 0, 4, 2] += 1.5
    shares_hold, sums, _ = facts(wrong)
    assert (shares_hold.holds, shares_hold.cell) == (False, (1, 0, 4, 2))
    assert (sums.holds, sums.cell) == (False, (1, 0, 4))
    assert sums.worst == pytest.approx(1.5, rel=1e-4)


@pytest.mark.parametrize(
    ("row", "cell", "worst"),
    [
        ([-0.25, 0.5, 0.75], (1, 0), 0.25),  # negative, the others within 0..1
        ([0.5, -0.5, 1.0], (1, 1), 0.5),
        ([-0.125, 0.0, 1.125], (1, 0), 0.125),
        ([1.5, -0.25, -0.25], (1, 0), 0.5),  # above 1 by more than below 0
    ],
)
def test_a_share_outside_0_and_1_is_found_though_its_row_sums_to_1(
    row: list[float], cell: tuple[int, ...], worst: float
) -> None:
    shares_hold, sums, _ = facts(torch.tensor([[1.0, 0.0, 0.0], row]))
    assert (shares_hold.holds, shares_hold.cell, shares_hold.worst) == (False, cell, worst)
    assert sums.holds
