"""The other way to a causal mask: softmax over everything first, then hide and divide again."""

from __future__ import annotations

from torch import Tensor

from attention_core.checks import Check
from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention, Then
from attention_core.mechanisms.family import Family
from attention_core.operations import Renormalise, Softmax, ZeroMasked
from attention_core.spread import held_against, spread_of

MASKED_AFTER = (
    Then("shares", Softmax()),
    Then("zeroed", ZeroMasked(), ("mask",)),
    Then("weights", Renormalise()),
)


def renormalised_self_attention(
    inputs: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    w_value: Tensor,
    b_query: Tensor | None = None,
    b_key: Tensor | None = None,
    b_value: Tensor | None = None,
    *,
    mask: Tensor | None = None,
) -> Trace:
    r"""Compute ``renormalise(softmax(queries @ keys.T / √d_k) * mask) @ values``.

    Args:
        inputs: The token embeddings, (n_tokens, d_in).
        w_query: What makes the queries, (d_in, d_out).
        w_key: What makes the keys, (d_in, d_out).
        w_value: What makes the values, (d_in, d_value).
        b_query: Added to every query, (d_out,); None for no bias.
        b_key: Added to every key, (d_out,).
        b_value: Added to every value, (d_value,).
        mask: Booleans, (n_tokens, n_tokens), True = may attend; None for the causal one. A
            row of nothing but False has NaN for weights: 0 / 0.

    Returns:
        The trace: the steps of ``SELF_ATTENTION`` up to ``scaled``, then ``shares``,
        ``zeroed``, ``weights`` and ``context``. The mask is an input of it.

    Raises:
        ValueError: If a tensor is no such matrix or two do not fit; it says what was expected
            and what came.

    Example:
        >>> import torch
        >>> trace = RENORMALISED_SELF_ATTENTION.run(torch.eye(2), *(torch.eye(2),) * 3)
        >>> trace["zeroed"]
        tensor([[0.6698, 0.0000],
                [0.3302, 0.6698]])
        >>> trace.explain("weights", 0, 0).formula
        '0.6698 / (0.6698 + 0) = 1.0000'

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.5.1.
    """
    return Attention(weighing=MASKED_AFTER, causal=True).run(
        inputs=inputs,
        w_query=w_query,
        w_key=w_key,
        w_value=w_value,
        b_query=b_query,
        b_key=b_key,
        b_value=b_value,
        mask=mask,
    )


RENORMALISED_SELF_ATTENTION = Family(renormalised_self_attention)
"""Self-attention with a mask after the softmax, and its rows made to sum to 1 again."""


def compare_ways(masked: Trace, renormalised: Trace) -> Check | None:
    """Check that both ways to a mask give the same weights; None if no row is left.

    Rows whose weights are not a number in one of the two are left out.

    Args:
        masked: A run of ``CAUSAL_SELF_ATTENTION``.
        renormalised: One of ``RENORMALISED_SELF_ATTENTION`` on the same numbers.

    Returns:
        The check of the rows, None if none is left. What is left of a row after the mask may
        be so little that its numbers have few digits; then more is allowed.

    Example:
        >>> from attention_core import CAUSAL_SELF_ATTENTION
        >>> import torch
        >>> given = (torch.eye(3),) * 4
        >>> runs = [m.run(*given) for m in (CAUSAL_SELF_ATTENTION, RENORMALISED_SELF_ATTENTION)]
        >>> compare_ways(*runs).ok
        True
    """
    before, after = masked["weights"], renormalised["weights"]
    rows = ~(before + after).isnan().any(dim=-1)
    allowed = (
        spread_of(masked, "weights")["weights"] + spread_of(renormalised, "weights")["weights"]
    )
    return held_against("weights", "−∞ before the softmax", after, before, allowed, rows)
