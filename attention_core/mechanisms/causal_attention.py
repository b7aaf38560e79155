"""Causal self-attention: nobody sees what comes later, and weights are dropped while training."""

from __future__ import annotations

from torch import Tensor

from attention_core.dice import SEED, rate_of
from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention
from attention_core.mechanisms.family import Family


def causal_self_attention(
    inputs: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    w_value: Tensor,
    b_query: Tensor | None = None,
    b_key: Tensor | None = None,
    b_value: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    training: bool = False,
    seed: int = SEED,
) -> Trace:
    r"""Compute ``dropout(softmax(mask(queries @ keys.T / √d_k))) @ values``, every step kept.

    Args:
        inputs: The token embeddings, (n_tokens, d_in).
        w_query: What makes the queries, (d_in, d_out).
        w_key: What makes the keys, (d_in, d_out).
        w_value: What makes the values, (d_in, d_value).
        b_query: Added to every query, (d_out,); None for no bias.
        b_key: Added to every key, (d_out,).
        b_value: Added to every value, (d_value,).
        mask: Booleans, (n_tokens, n_tokens), True = may attend; None for the causal one. A
            row of nothing but False has NaN for weights, as ``torch.softmax`` gives
            (``scaled_dot_product_attention`` gives 0).
        dropout: The share of weights to drop, in [0, 1). Those that stay grow by
            1 / (1 - dropout).
        training: Whether they are dropped at all.
        seed: What decides which. The draws depend on the platform.

    Returns:
        The trace: the steps of ``SELF_ATTENTION``, with ``masked`` before ``weights`` and
        ``dropped`` after. The mask is an input of it, and so is ``kept``, the weights that
        were not dropped, when some may have been: to run ``trace.mechanism`` on its inputs
        again gives the same.

    Raises:
        ValueError: If a tensor is no such matrix, two do not fit, or a setting is out of
            range; it says what was expected and what came.

    Example:
        >>> import torch
        >>> trace = CAUSAL_SELF_ATTENTION.run(torch.eye(2), *(torch.eye(2),) * 3)
        >>> trace["masked"]
        tensor([[0.7071,   -inf],
                [0.0000, 0.7071]])
        >>> trace.explain("weights", 0, 0).formula
        'exp(0.7071) / (exp(0.7071) + exp(-inf)) = 2.0281 / 2.0281 = 1.0000'

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.5.
    """
    rate = rate_of(dropout, training=training)
    return Attention(causal=True, dropout=rate, seed=seed).run(
        inputs=inputs,
        w_query=w_query,
        w_key=w_key,
        w_value=w_value,
        b_query=b_query,
        b_key=b_key,
        b_value=b_value,
        mask=mask,
    )


CAUSAL_SELF_ATTENTION = Family(causal_self_attention)
"""Self-attention with a mask before the softmax and dropout after it."""
