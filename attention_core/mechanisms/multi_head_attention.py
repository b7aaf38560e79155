"""Multi-head attention: causal attention in several heads, of one projection split among them."""

from __future__ import annotations

from torch import Tensor

from attention_core.dice import SEED, rate_of
from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention
from attention_core.mechanisms.family import Family
from attention_core.tensors import require_numbers


def multi_head_attention(
    inputs: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    w_value: Tensor,
    n_heads: int,
    w_out: Tensor,
    b_out: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    training: bool = False,
    seed: int = SEED,
    b_query: Tensor | None = None,
    b_key: Tensor | None = None,
    b_value: Tensor | None = None,
) -> Trace:
    """Compute every head and their output projection, and keep every step.

    Args:
        inputs: The token embeddings, (n_tokens, d_in).
        w_query: What makes the queries, (d_in, d_out); head h has the columns h·d_head to
            (h+1)·d_head of it, where d_head is d_out / n_heads.
        w_key: What makes the keys, (d_in, d_out).
        w_value: What makes the values, (d_in, d_out).
        n_heads: How many heads; d_out must be divisible by it.
        w_out: What mixes the heads, (d_out, d_out).
        b_out: Added to every output, (d_out,); None for no bias.
        mask: Booleans, (n_tokens, n_tokens), True = may attend, for all heads; None for the
            causal one.
        dropout: The share of weights to drop, in [0, 1).
        training: Whether they are dropped at all.
        seed: What decides which. The draws depend on the platform.
        b_query: Added to every query, (d_out,); None for no bias.
        b_key: Added to every key, (d_out,).
        b_value: Added to every value, (d_out,).

    Returns:
        The trace. ``queries``, ``keys``, ``values`` and ``context`` are (n_heads, n_tokens,
        d_head), what is between them (n_heads, n_tokens, n_tokens); then ``concatenated`` and
        ``output``, (n_tokens, d_out).

    Raises:
        ValueError: If a tensor is no such matrix, two do not fit, the heads do not divide the
            width, or a setting is out of range; it says what was expected and what came.

    Example:
        >>> import torch
        >>> identity = torch.eye(2)
        >>> trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, 2, identity)
        >>> trace["weights"]
        tensor([[[1.0000, 0.0000],
                 [0.5000, 0.5000]],
                [[1.0000, 0.0000],
                 [0.2689, 0.7311]]])
        >>> trace.explain("queries", 1, 0, 0).formula
        '1·0 + 0·1 = 0.0000'

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.2; Raschka, "Build a
        Large Language Model (From Scratch)" (2024), section 3.6.2.
    """
    rate = rate_of(dropout, training=training)
    return Attention(n_heads=n_heads, causal=True, dropout=rate, seed=seed).run(
        inputs=inputs,
        w_query=w_query,
        w_key=w_key,
        w_value=w_value,
        b_query=b_query,
        b_key=b_key,
        b_value=b_value,
        w_out=require_numbers("w_out", w_out),
        b_out=b_out,
        mask=mask,
    )


MULTI_HEAD_ATTENTION = Family(multi_head_attention)
"""Causal attention in several heads at once, of one projection that is split among them."""
