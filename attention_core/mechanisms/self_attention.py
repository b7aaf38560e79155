"""Self-attention with trainable weights, and attention between two sequences."""

from __future__ import annotations

from torch import Tensor

from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention
from attention_core.mechanisms.family import Family


def self_attention(
    inputs: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    w_value: Tensor,
    b_query: Tensor | None = None,
    b_key: Tensor | None = None,
    b_value: Tensor | None = None,
) -> Trace:
    r"""Compute ``softmax(queries @ keys.T / √d_k) @ values`` and keep every step.

    Args:
        inputs: The token embeddings, (n_tokens, d_in).
        w_query: What makes the queries, (d_in, d_out).
        w_key: What makes the keys, (d_in, d_out).
        w_value: What makes the values, (d_in, d_value), which may be another width.
        b_query: Added to every query, (d_out,); None for no bias.
        b_key: Added to every key, (d_out,).
        b_value: Added to every value, (d_value,).

    Returns:
        The trace of ``queries``, ``keys``, ``values``, ``scores``, ``scaled``, ``weights``
        and ``context``. In it a bias is one row, (1, d_out), and its mechanism is the one for
        these widths.

    Raises:
        ValueError: If a tensor is no such matrix, or two do not fit; it names the tensor,
            what was expected and what came.

    Example:
        >>> import torch
        >>> trace = SELF_ATTENTION.run(torch.eye(2), *(torch.tensor([[1.0], [0.0]]),) * 3)
        >>> trace["weights"]
        tensor([[0.7311, 0.2689],
                [0.5000, 0.5000]])
        >>> trace.explain("scaled", 0, 0).formula
        '1 / √1 = 1.0000'

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1; Raschka, "Build a
        Large Language Model (From Scratch)" (2024), section 3.4.
    """
    return Attention().run(
        inputs=inputs,
        w_query=w_query,
        w_key=w_key,
        w_value=w_value,
        b_query=b_query,
        b_key=b_key,
        b_value=b_value,
    )


def cross_attention(
    query_inputs: Tensor,
    key_inputs: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    w_value: Tensor,
) -> Trace:
    """Compute the attention of one sequence to another and keep every step.

    Args:
        query_inputs: The embeddings of the tokens that ask, (n_queries, d_query).
        key_inputs: Those of the tokens that are asked, (n_keys, d_key).
        w_query: What makes the queries, (d_query, d_out).
        w_key: What makes the keys, (d_key, d_out).
        w_value: What makes the values, (d_key, d_value).

    Returns:
        The trace: the steps of ``SELF_ATTENTION``, with weights of (n_queries, n_keys).

    Raises:
        ValueError: As for ``SELF_ATTENTION``.

    Example:
        >>> import torch
        >>> w = torch.eye(2)
        >>> CROSS_ATTENTION.run(torch.eye(2), torch.ones(3, 2), w, w, w)["weights"].shape
        torch.Size([2, 3])

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.3.
    """
    return Attention(asking="query_inputs", asked="key_inputs").run(
        query_inputs=query_inputs,
        key_inputs=key_inputs,
        w_query=w_query,
        w_key=w_key,
        w_value=w_value,
    )


SELF_ATTENTION = Family(self_attention)
"""Scaled dot-product attention of a sequence to itself: every token in three roles."""

CROSS_ATTENTION = Family(cross_attention)
"""The same between two sequences: one asks, the other is asked."""
