"""The runs of "All tokens at once"."""

from __future__ import annotations

import random

from torch import Tensor

from attention_core import SIMPLE_SELF_ATTENTION, Mechanism, Trace
from attention_core.operations import Softmax
from ui.cards.embeddings import tensor_of
from ui.lab.lab import Lab
from ui.lessons.all_tokens.choices import AllTokensChoices

WRONG_AXIS = SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2))


def mechanism_of(lab: Lab) -> Mechanism:
    """Return self-attention, with its softmax over the wrong axis if the learner chose that."""
    return WRONG_AXIS if lab.of(AllTokensChoices).wrong_axis else SIMPLE_SELF_ATTENTION


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return mechanism_of(lab).run(inputs=tensor_of(lab))


def sums_of(weights: Tensor) -> tuple[list[float], list[float]]:
    """Return what each row and each column of the weights sums to."""
    exact = weights.double()
    return exact.sum(dim=1).tolist(), exact.sum(dim=0).tolist()


def order_of(n_tokens: int, seed: int) -> list[int]:
    """Return the tokens' order for a seed: its positions, each holding a token's own row.

    Example:
        >>> order_of(4, seed=0), order_of(4, seed=7)
        ([0, 1, 2, 3], [3, 1, 0, 2])
    """
    own = list(range(n_tokens))
    if seed == 0 or n_tokens < 2:
        return own
    dice = random.Random(seed)
    order = list(own)
    while order == own:
        dice.shuffle(order)
    return order
