"""The mechanisms of the lesson, in the order a learner meets them."""

from __future__ import annotations

import torch

from attention_core.mechanism import Mechanism
from attention_core.mechanisms.attention import Attention
from attention_core.mechanisms.projections import ROLES
from attention_core.operations import (
    DivideBy,
    DivideByRoot,
    DivideBySum,
    DotProducts,
    NaiveSoftmax,
    Softmax,
    WeightedSum,
)
from attention_core.step import Step

SIMPLE_SELF_ATTENTION = Mechanism(
    inputs=("inputs",),
    steps=(
        Step("scores", DotProducts(), of=("inputs", "inputs")),
        Step("weights", Softmax(), of=("scores",)),
        Step("context", WeightedSum(), of=("weights", "inputs")),
    ),
)
"""Self-attention without trainable weights.

Every token is query, key and value at once: ``softmax(inputs @ inputs.T) @ inputs``.

Source: Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.3.
"""

ONE_QUERY = Mechanism(
    inputs=("query", "inputs"),
    steps=(
        Step("scores", DotProducts(), of=("query", "inputs")),
        Step("by_sum", DivideBySum(), of=("scores",)),
        Step("naive", NaiveSoftmax(), of=("scores",)),
        Step("weights", Softmax(), of=("scores",)),
        Step("context", WeightedSum(), of=("weights", "inputs")),
    ),
)
"""The same for one query token, with the three normalisations beside each other.

Source: Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.3.1.
"""


def dot_product_attention(d_k: int | None = None) -> Mechanism:
    """Return attention between two sequences by dot products, without trainable weights.

    Its inputs are ``queries``, (n_out, d), ``keys``, (n_in, d), and ``values``, (n_in, d_value):
    queries and keys must be equally wide.

    Args:
        d_k: Their width, to divide the scores by its root; None to leave the scores as they are.

    Raises:
        ValueError: If the width is below 1.

    Example:
        >>> import torch
        >>> x = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
        >>> scaled = dot_product_attention(d_k=4)
        >>> scaled.run(queries=x, keys=x, values=x)["scaled"]
        tensor([[2., 0.],
                [0., 2.]])

    Source:
        Luong, Pham, Manning, "Effective Approaches to Attention-based Neural Machine Translation"
        (2015), section 3.1, "dot"; Vaswani et al., "Attention Is All You Need" (2017), section
        3.2.1.
    """
    if d_k is not None and d_k < 1:
        raise ValueError(f"d_k must be a whole number from 1; got {d_k}")
    of_that_width = torch.empty(1, d_k or 1)
    attention = Attention(scaling=DivideByRoot if d_k else None)
    return attention.mechanism(dict.fromkeys(ROLES.values(), of_that_width))


def normalisations(temperature: float = 1.0) -> Mechanism:
    """Return three ways of turning rows of scores into shares, at a temperature.

    Args:
        temperature: What the scores are divided by; above 1 evens the shares out, below 1
            sharpens them.

    Raises:
        ValueError: If the temperature is not above 0.

    Example:
        >>> import torch
        >>> normalisations().run(scores=torch.tensor([[1.0, 3.0]]))["by_sum"]
        tensor([[0.2500, 0.7500]])
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    return Mechanism(
        inputs=("scores",),
        steps=(
            Step("scaled", DivideBy(temperature), of=("scores",)),
            Step("by_sum", DivideBySum(), of=("scaled",)),
            Step("naive", NaiveSoftmax(), of=("scaled",)),
            Step("weights", Softmax(), of=("scaled",)),
        ),
    )
