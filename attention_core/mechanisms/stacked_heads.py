"""Stacked heads: separate causal heads side by side, with the same numbers as one that is split."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.dice import SEED, rate_of
from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention
from attention_core.mechanisms.family import Family
from attention_core.tensors import require_numbers


def stacked_heads(
    inputs: Tensor,
    w_query: Tensor | Sequence[Tensor],
    w_key: Tensor | Sequence[Tensor],
    w_value: Tensor | Sequence[Tensor],
    w_out: Tensor | None = None,
    b_out: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    training: bool = False,
    seed: int = SEED,
    b_query: Tensor | Sequence[Tensor] | None = None,
    b_key: Tensor | Sequence[Tensor] | None = None,
    b_value: Tensor | Sequence[Tensor] | None = None,
) -> Trace:
    """Compute every head by itself, concatenate them, and keep every step.

    Args:
        inputs: The token embeddings, (n_tokens, d_in).
        w_query: What makes the queries, (n_heads, d_in, d_head), or a list of (d_in, d_head).
        w_key: What makes the keys, the same.
        w_value: What makes the values, the same; another width is possible.
        w_out: What mixes the heads, (n_heads · d_head, d_out); None to end at
            ``concatenated``, as the chapter's wrapper does.
        b_out: Added to every output, (d_out,); None for no bias.
        mask: As for ``MULTI_HEAD_ATTENTION``, and so are ``dropout``, ``training``, ``seed``.
        dropout: The share of weights to drop, in [0, 1).
        training: Whether they are dropped at all.
        seed: What decides which.
        b_query: Added to the queries of each head, (n_heads, d_head) or a list of (d_head,).
        b_key: Added to the keys.
        b_value: Added to the values.

    Returns:
        The trace: the steps of ``MULTI_HEAD_ATTENTION``, the last only with ``w_out``.

    Raises:
        ValueError: As for ``MULTI_HEAD_ATTENTION``.

    Example:
        >>> one, other = torch.tensor([[1.0], [0.0]]), torch.tensor([[0.0], [1.0]])
        >>> heads = [one, other]
        >>> STACKED_HEADS.run(torch.eye(2), heads, heads, heads)["concatenated"]
        tensor([[1.0000, 0.0000],
                [0.5000, 0.7311]])

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.6.1.
    """
    rate = rate_of(dropout, training=training)
    return Attention(stacked=True, causal=True, dropout=rate, seed=seed).run(
        inputs=inputs,
        w_query=_stacked("w_query", w_query),
        w_key=_stacked("w_key", w_key),
        w_value=_stacked("w_value", w_value),
        b_query=_stacked("b_query", b_query),
        b_key=_stacked("b_key", b_key),
        b_value=_stacked("b_value", b_value),
        w_out=w_out,
        b_out=b_out,
        mask=mask,
    )


def _stacked(name: str, heads: Tensor | Sequence[Tensor] | None) -> Tensor | None:
    """Return one tensor with a head axis first."""
    if heads is None or isinstance(heads, Tensor):
        return heads
    n_axes = 2 if name.startswith("w_") else 1
    for h, head in enumerate(heads):
        require_numbers(f"{name}[{h}]", head, n_axes)
        if head.shape != heads[0].shape:
            raise ValueError(
                f"{name}[{h}] must have shape {tuple(heads[0].shape)}, as {name}[0] has; "
                f"got {tuple(head.shape)}"
            )
    if not heads:
        raise ValueError(f"{name} must have at least one head; got none")
    return torch.stack(list(heads))


STACKED_HEADS = Family(stacked_heads)
"""The same with separate heads, each with weights of its own, side by side."""
