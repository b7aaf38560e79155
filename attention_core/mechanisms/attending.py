"""From queries, keys and values to context vectors: the steps that all mechanisms share."""

from __future__ import annotations

from torch import Tensor

from attention_core.dice import kept_weights, require_rate
from attention_core.masks import mask_or_causal
from attention_core.mechanisms.projections import Tensors
from attention_core.operations import (
    DivideByRoot,
    DotProducts,
    DotProductsOfHeads,
    DropNothing,
    Dropout,
    Mask,
    Operation,
    Softmax,
    WeightedSum,
)
from attention_core.step import Step


def drawn(
    mask: Tensor | None,
    dropout: float,
    training: bool,
    seed: int,
    *,
    n_tokens: int,
    n_heads: int | None = None,
) -> tuple[Tensors, float]:
    """Return the boolean inputs of a run, and the share of weights that it drops.

    Args:
        mask: Who may attend to whom, (n_tokens, n_tokens); None for the causal mask.
        dropout: The share to drop while training, in [0, 1).
        training: Whether to drop any.
        seed: What decides which.
        n_tokens: How many tokens there are.
        n_heads: How many heads, if there is a head axis.

    Returns:
        ``mask``, and ``kept`` if any weight may be dropped; and the share, 0 if none may.

    Raises:
        ValueError: If the mask has another size, or a setting is out of range.
    """
    rate = require_rate(dropout) if training else 0 * require_rate(dropout)
    found = {"mask": mask_or_causal(mask, n_tokens, n_tokens)}
    if rate:
        heads = () if n_heads is None else (n_heads,)
        found["kept"] = kept_weights((*heads, n_tokens, n_tokens), rate, seed)
    return found, rate


def steps(
    d_k: int, *, masked: bool = False, dropout: float | None = None, in_heads: bool = False
) -> tuple[Step, ...]:
    """Return the steps from ``scores`` to ``context``.

    Args:
        d_k: The width of queries and keys.
        masked: Whether an input ``mask`` says who may attend to whom.
        dropout: The share of weights that an input ``kept`` leaves out; 0 to leave out none,
            None for no such step.
        in_heads: Whether queries, keys and values have a head axis first.
    """
    dot_products = DotProductsOfHeads() if in_heads else DotProducts()
    chain = [
        Step("scores", dot_products, of=("queries", "keys")),
        Step("scaled", DivideByRoot(d_k), of=("scores",)),
    ]

    def then(name: str, operation: Operation, *more: str) -> None:
        chain.append(Step(name, operation, of=(chain[-1].name, *more)))

    if masked:
        then("masked", Mask(), "mask")
    then("weights", Softmax())
    if dropout:
        then("dropped", Dropout(dropout), "kept")
    elif dropout is not None:
        then("dropped", DropNothing())
    then("context", WeightedSum(), "values")
    return tuple(chain)
