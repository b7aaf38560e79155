"""Multi-head attention: causal attention in several heads, of one projection split among them."""

from __future__ import annotations

from torch import Tensor

from attention_core.dice import SEED
from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms import attending, joining, projections
from attention_core.mechanisms.projections import ROLES, SELF, Tensors
from attention_core.operations import Operation, SplitProjection
from attention_core.tensors import require_numbers


class MultiHeadAttention:
    """Causal attention in several heads at once, of one projection that is split among them."""

    def run(
        self,
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
        given = projections.checked(
            SELF,
            inputs=inputs,
            w_query=w_query,
            w_key=w_key,
            w_value=w_value,
            b_query=b_query,
            b_key=b_key,
            b_value=b_value,
        )
        _require_divisible(given, n_heads)
        given |= joining.checked(require_numbers("w_out", w_out), b_out, width=w_value.shape[1])
        booleans, rate = attending.drawn(
            mask, dropout, training, seed, n_tokens=len(inputs), n_heads=n_heads
        )
        given |= booleans

        def split(weight: Tensor, biased: bool) -> Operation:
            return SplitProjection(weight.shape[1] // n_heads, biased=biased)

        d_k, d_value = w_query.shape[1] // n_heads, w_value.shape[1] // n_heads
        steps = (
            *projections.steps(given, SELF, split),
            *attending.steps(d_k, masked=True, dropout=rate, in_heads=True),
            *joining.steps(given, d_value),
        )
        return Mechanism(tuple(given), steps, tuple(booleans), per_head=("kept",)).run(**given)


def _require_divisible(given: Tensors, n_heads: int) -> None:
    """Raise ValueError if the projections cannot be split into that many heads."""
    if isinstance(n_heads, bool) or not isinstance(n_heads, int) or n_heads < 1:
        raise ValueError(f"n_heads must be a whole number from 1; got {n_heads!r}")
    for role in ROLES:
        shape = tuple(given[f"w_{role}"].shape)
        if shape[1] % n_heads:
            raise ValueError(
                f"d_out must be divisible by n_heads; got w_{role} of shape {shape}, so "
                f"d_out = {shape[1]}, and n_heads = {n_heads}"
            )


MULTI_HEAD_ATTENTION = MultiHeadAttention()
