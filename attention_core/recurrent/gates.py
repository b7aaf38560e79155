"""Operations that squash a sum: the gates and the candidates of a recurrent cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, sigmoid, tanh, total
from attention_core.operations import Index
from attention_core.operations.additive import squashed_apart, tanh_again
from attention_core.operations.base import Laws
from attention_core.recurrent.rows import OfWords
from attention_core.rounding import Format

SQUASHED = {"tanh": "no value is beyond ±1", "sigmoid": "every gate lies between 0 and 1"}


def squash(name: str, x: float) -> float:
    """Return tanh(x), or the logistic function of x for any other name, by plain arithmetic."""
    if name == "tanh":
        return math.tanh(x)
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def squash_again(name: str, x: Tensor) -> Tensor:
    """Return what ``squash`` does, of a tensor and by another function of torch."""
    if name == "tanh":
        return tanh_again(x)
    return (1 + torch.tanh(x / 2)) / 2


def squashing_law(name: str, result: Tensor, allowed: Tensor) -> Laws:
    """Return the law that a squashed value keeps its bounds, and by how much it is out of them."""
    middle, half = (0.0, 1.0) if name == "tanh" else (0.5, 0.5)
    return {SQUASHED[name]: ((result.double() - middle).abs() - half, allowed)}


def _squashed_rounding(
    name: str, inside: Tensor, size: Tensor, n_terms: int, exact: Tensor, kind: Format
) -> Tensor:
    """Return what rounding may do to a squashed sum, as the squashing lets it through.

    Args:
        name: ``"tanh"`` or ``"sigmoid"``.
        inside: The sums.
        size: The sums of their absolute terms.
        n_terms: How many terms they have.
        exact: What is made of them.
        kind: The number format.
    """
    off = kind.of_sum(inside, size, n_terms) + 4 * kind.once(size)  # its parts are kept, and added
    return squashed_apart(name, inside, off) + 3 * kind.once(exact)


def _terms(write: Writer, lefts: Sequence[float], rights: Sequence[float]) -> list[Printed]:
    """Return the products ``0.5·0.3``, ``0.2·(-0.1)``."""
    return [write(left) * write(right) for left, right in zip(lefts, rights, strict=True)]


class Squashed(OfWords):
    """A gate or a candidate: ``σ(x W + h U + b)`` of the word and the state before it.

    Args:
        name: ``"sigmoid"`` or ``"tanh"``.

    Source:
        Hochreiter and Schmidhuber (1997); Cho et al., arXiv 1406.1078, section 2.3.
    """

    reads = ("i:", ":j", "i:", ":j", "0j")

    def __init__(self, name: str) -> None:
        self.name = name

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``σ(words @ w + before @ u + b)``."""
        words, w, before, u, b = operands
        squash = torch.tanh if self.name == "tanh" else torch.sigmoid
        return squash(words @ w + before @ u + b)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply pairwise and add up, in a loop; then squash."""
        row, column, state, weights, (bias,) = groups
        total = bias
        for entries, factors in ((row, column), (state, weights)):
            for left, right in zip(entries, factors, strict=True):
                total += left * right
        return squash(self.name, total)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Multiply both at once, side by side."""
        words, w, before, u, b = operands
        together = torch.cat([words, before], 1), torch.cat([w, u])
        return squash_again(self.name, torch.einsum("ic,cj->ij", *together) + b)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of the sum, as the squashing lets it through."""
        words, w, before, u, b = operands
        inside = words @ w + before @ u + b
        size = words.abs() @ w.abs() + before.abs() @ u.abs() + b.abs()
        n_terms = len(w) + len(u) + 1
        return _squashed_rounding(self.name, inside, size, n_terms, exact, kind)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``tanh(0.5·0.3 + … + 0.1)``."""
        row, column, state, weights, (bias,) = groups
        terms = [*_terms(write, row, column), *_terms(write, state, weights), write(bias)]
        return (tanh if self.name == "tanh" else sigmoid)(total(terms))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        x, w, h, u, b = operands
        sums = rf"\sum_c {x}_{{ic}}\,{w}_{{cj}} + \sum_c {h}_{{ic}}\,{u}_{{cj}} + {b}_j"
        squash = r"\tanh" if self.name == "tanh" else r"\sigma"
        return rf"{result}_{{ij}} = {squash}\Big({sums}\Big)"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        x, w, h, u, b = operands
        return f"{result} = torch.{self.name}({x} @ {w} + {h} @ {u} + {b})"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"{row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A gate opens from 0 to 1; a tanh stays within ±1."""
        return squashing_law(self.name, result, allowed)


class ResetCandidate(OfWords):
    """A GRU's candidate: ``tanh(x W + b + reset · recalled)``.

    Source:
        Cho et al., arXiv 1406.1078, section 2.3, as in ``torch.nn.GRU``.
    """

    reads = ("i:", ":j", "0j", "ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``tanh(words @ w + b + reset * recalled)``."""
        words, w, b, reset, recalled = operands
        return torch.tanh(words @ w + b + reset * recalled)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply pairwise and add up, in a loop; then squash."""
        row, column, (bias,), (reset,), (recalled,) = groups
        total = bias + reset * recalled
        for left, right in zip(row, column, strict=True):
            total += left * right
        return squash("tanh", total)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Contract by ``einsum`` and squash by the other function."""
        words, w, b, reset, recalled = operands
        inside = torch.einsum("ic,cj->ij", words, w).add(b).addcmul(reset, recalled)
        return squash_again("tanh", inside)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of the sum, as the tanh lets it through."""
        words, w, b, reset, recalled = operands
        inside = words @ w + b + reset * recalled
        size = words.abs() @ w.abs() + b.abs() + (reset * recalled).abs()
        return _squashed_rounding("tanh", inside, size, len(w) + 2, exact, kind)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``tanh(0.5·0.3 + … + 0.1 + 0.9·0.2)``."""
        row, column, (bias,), (reset,), (recalled,) = groups
        terms = [*_terms(write, row, column), write(bias), write(reset) * write(recalled)]
        return tanh(total(terms))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        x, w, b, reset, recalled = operands
        sums = rf"\sum_c {x}_{{ic}}\,{w}_{{cj}} + {b}_j"
        return rf"{result}_{{ij}} = \tanh\Big({sums} + {reset}_{{ij}}\,{recalled}_{{ij}}\Big)"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        x, w, b, reset, recalled = operands
        return f"{result} = torch.tanh({x} @ {w} + {b} + {reset} * {recalled})"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"{row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A tanh stays within ±1."""
        return squashing_law("tanh", result, allowed)
