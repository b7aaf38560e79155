"""The mechanisms of the lesson, in the order a learner meets them."""

from __future__ import annotations

from attention_core.mechanism import Mechanism, Step
from attention_core.operations import (
    DivideBy,
    DivideBySum,
    DotProducts,
    NaiveSoftmax,
    Softmax,
    WeightedSum,
)

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
