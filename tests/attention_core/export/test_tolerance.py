"""What may be off on another computer: little, and no more than its rounding."""

import torch

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.export.tolerance import tolerances
from tests.attention_core import printed

X = torch.tensor(printed.X)


def test_the_tolerance_is_small_beside_the_numbers() -> None:
    for size in (1e-4, 1.0):
        trace = SIMPLE_SELF_ATTENTION.run(inputs=size * X)
        for name, most in tolerances(trace).items():
            assert bool((most < 2e-5 * trace[name].abs()).all()), name
