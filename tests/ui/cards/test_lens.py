"""The gradient lens: the derivatives as drawn, checked, of the cell that is looked at."""

from typing import Any

import pytest
import torch

from attention_core import MULTI_HEAD_ATTENTION
from ui.cards import lens
from ui.cards.simple_run import trace_of
from ui.lab.lab import Lab
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.start_here import figures as start


@pytest.mark.parametrize(
    "pick",
    [
        ("figures:start", "weights", 9, 9),
        ("figures:start", "weights", 0, 1, 1),
        ("figures:start", "nothing", 0, 0),
        ("elsewhere", "weights", 1, 1),
    ],
)
def test_a_pick_that_is_not_there_is_passed_over(pick: Any) -> None:
    trace = trace_of(Lab())
    assert lens.cell_of(trace, Lab(trail=(pick,)), start.PLACES) == ("context", (0, 0))


def test_a_cell_of_a_head() -> None:
    identity = torch.eye(2)
    trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, 2, identity)
    lab = Lab(trail=(("figures:heads", "weights", 1, 1, 0),))
    assert lens.cell_of(trace, lab, multi_head.PLACES) == ("weights", (1, 1, 0))
