"""Additive scores: a small network with one hidden layer says how well a key matches a query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, tanh, total
from attention_core.numbers import bracketed
from attention_core.operations.base import Laws, Operation, overflow, require_fit
from attention_core.operations.patterns import Index
from attention_core.operations.products import overflowing
from attention_core.rounding import Format, kept, kept_number

_MOST_AT_ONCE = 2**20  # a tanh for each query, key and dimension would be far more than the result


class AdditiveScores(Operation):
    """The energy of every query with every key: ``scores[i, j] = v · tanh(queries[i] + keys[j])``.

    Its operands are ``v``, as one row, and queries and keys that a projection has made equally
    wide. Unlike dot products it is no matrix product: each pair needs a tanh for each dimension.

    Source:
        Bahdanau, Cho, Bengio, "Neural Machine Translation by Jointly Learning to Align and
        Translate", arXiv 1409.0473 (2014), appendix A.1.2.
    """

    reads = ("0:", "i:", "j:")
    kind = "scores"
    roles = ("", "query", "key")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``torch.tanh(queries[:, None] + keys) @ v[0]``, of some queries at a time."""
        v, queries, keys = operands
        widths = {operand.shape[-1] for operand in operands}
        require_fit(fits=len(v) == 1 and len(widths) == 1)
        some = max(1, _MOST_AT_ONCE // max(1, keys.numel()))
        parts = [
            torch.tanh(queries[first : first + some, None] + keys) @ v[0]
            for first in range(0, max(1, len(queries)), some)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Add the two, take the tanh and weigh it, dimension by dimension, in a loop."""
        total = 0.0
        for weight, query, key in zip(*groups, strict=True):
            inside = kept_number(query + key, largest)
            total += weight * kept_number(math.tanh(inside), largest)
        return overflow(total, largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Add up one dimension after the other, each tanh made of another function."""
        v, queries, keys = operands
        total = torch.zeros(len(queries), len(keys), dtype=torch.float64)
        for weight, query, key in zip(v[0], queries.T, keys.T, strict=True):
            inside = kept(query.unsqueeze(1) + key, largest)
            total += weight * kept(tanh_again(inside), largest)
        return overflowing(total, largest)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.4·tanh(0.2+0.5) + 0.3·tanh(0.1+(-0.6))``."""
        return total(
            write(weight) * tanh(_sum(write(query), write(key)))
            for weight, query, key in zip(*groups, strict=True)
        )

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        v, query, key = operands
        return (
            rf"{result}_{{ij}} = {v} \cdot \tanh({query}_i + {key}_j)"
            rf" = \sum_c {{{v}}}_c \tanh({query}_{{ic}} + {key}_{{jc}})"
        )

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        v, queries, keys = operands
        return f"{result} = torch.tanh({queries}[:, None] + {keys}) @ {v}[0]"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """Rows are queries, columns are keys."""
        return ("query token", "key token")

    def sentence(self, row: str, column: str) -> str:
        """Return what an energy says."""
        return f"energy of {row} (query) with {column} (key) = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of each sum as its tanh lets it through, of each tanh, and of the sum of them."""
        v, queries, keys = operands
        size, off = torch.zeros_like(exact), torch.zeros_like(exact)
        for weight, query, key in zip(v[0].abs(), queries.T, keys.T, strict=True):
            added = query.unsqueeze(1) + key
            inside, moved = kind.kept(added, added.abs() * kind.unit_in_sums)
            grown = inside.tanh()
            moved = squashed_apart("tanh", inside, moved).nan_to_num(nan=0.0)  # of ∞ it is 1
            grown, moved = kind.kept(grown, moved + grown.abs() * (2 * kind.unit_in_sums))
            off += weight * moved
            size += weight * grown.abs()
        off += kind.flushed * (v.abs().sum() + 2 * v.shape[-1])
        return off + kind.of_sum(exact, size, v.shape[-1])

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A tanh is between −1 and 1, so no energy exceeds the entries of v together."""
        excess = result.abs().double() - operands[0].abs().sum()
        return {"no energy exceeds the absolute entries of v together": (excess, allowed)}


def tanh_again(x: Tensor) -> Tensor:
    """Return the tanh by expm1, which loses no digits of a small number nor of a large one.

    Example:
        >>> tanh_again(torch.tensor([-0.5, 1e-30, 1000.0]))
        tensor([-4.6212e-01,  1.0000e-30,  1.0000e+00])
    """
    shrunk = torch.expm1(-2 * x.abs())
    return -shrunk / (2 + shrunk) * x.sign()


def squashed_apart(name: str, inside: Tensor, off: Tensor) -> Tensor:
    """Return how far a tanh or sigmoid may move when what it is of moves by so much.

    Args:
        name: ``"tanh"`` or ``"sigmoid"``.
        inside: What it is of, in float64.
        off: By how much that may be off, 0 or more.
    """
    squash = torch.tanh if name == "tanh" else torch.sigmoid
    middle = squash(inside)
    return torch.maximum(squash(inside + off) - middle, middle - squash(inside - off))


def _sum(query: Printed, key: Printed) -> Printed:
    """Return a sum without spaces, by which one sees that it is no term of the large one."""
    return replace(query + key, text=f"{query.text}+{bracketed(key.text)}")
