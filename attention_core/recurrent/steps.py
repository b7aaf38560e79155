"""What a recurrent cell does, as operations: a value for every word, from the state before it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, grouped, sigmoid, tanh, total, whole
from attention_core.operations import Index, Operation
from attention_core.operations.additive import squashed_apart, tanh_again
from attention_core.operations.base import Laws, require_fit
from attention_core.rounding import Format

SQUASHED = {"tanh": "no value is beyond ±1", "sigmoid": "every gate lies between 0 and 1"}


def _squash(name: str, x: float) -> float:
    """Return tanh(x) or the logistic function of x, by plain arithmetic."""
    if name == "tanh":
        return math.tanh(x)
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _squash_again(name: str, x: Tensor) -> Tensor:
    """Return the same of a tensor, each written by another function."""
    if name == "tanh":
        return tanh_again(x)
    return (1 + torch.tanh(x / 2)) / 2


def _beyond(name: str, result: Tensor, allowed: Tensor) -> Laws:
    """Return by how much a squashed value is out of its bounds."""
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


class _OfWords(Operation):
    """An operation with one row for each word, as wide as its operands."""

    kind = "vectors"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One row for each word."""
        return ("token", "dimension")


class RowBefore(_OfWords):
    """The state before each word: the row above, and zeros before the first.

    Example:
        >>> RowBefore().compute(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([[0., 0.],
                [1., 2.]])
    """

    reads = ("[i-1]j",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the rows, each one place later."""
        return torch.cat([torch.zeros_like(operands[0][:1]), operands[0][:-1]])

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the one number that was read, or 0."""
        return groups[0][0] if groups[0] else 0.0

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Roll the rows around and empty the first."""
        rolled = operands[0].roll(1, 0)
        rolled[0] = 0
        return rolled

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return where it was taken from."""
        return write(groups[0][0]) if groups[0] else whole(0).called("nothing was read yet: {}")

    def latex(self, result: str, *operands: str) -> str:
        """Return the row's formula."""
        return rf"{result}_i = {operands[0]}_{{i-1}},\quad {result}_1 = 0"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        (of,) = operands
        return f"{result} = torch.cat([torch.zeros_like({of}[:1]), {of}[:-1]])"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Nothing: it is copied."""
        return exact.new_zeros(())

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"before {row} is read, {column} = {{value}}"


class LastRow(_OfWords):
    """The state after the last word: all that a decoder without attention gets.

    Args:
        n_words: How many words were read.
    """

    def __init__(self, n_words: int) -> None:
        self.n_words = n_words
        self.reads = (f"{n_words - 1}j",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the last row, (1, n_units)."""
        require_fit(fits=len(operands[0]) == self.n_words)
        return operands[0][-1:].clone()

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the one number that was read."""
        return groups[0][0]

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Look the row up."""
        return operands[0].index_select(0, torch.tensor([self.n_words - 1]))

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return where it was taken from."""
        return write(groups[0][0])

    def latex(self, result: str, *operands: str) -> str:
        """Return the formula."""
        return rf"{result} = {operands[0]}_{{{self.n_words}}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]}[-1:].clone()"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One row: what the decoder begins with."""
        return ("query token", "dimension")

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"{row}, {column} = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Nothing: it is copied."""
        return exact.new_zeros(())


class Squashed(_OfWords):
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
        return _squash(self.name, total)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Multiply both at once, side by side."""
        words, w, before, u, b = operands
        together = torch.cat([words, before], 1), torch.cat([w, u])
        return _squash_again(self.name, torch.einsum("ic,cj->ij", *together) + b)

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
        return _beyond(self.name, result, allowed)


class ResetCandidate(_OfWords):
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
        return _squash("tanh", total)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Contract by ``einsum`` and squash by the other function."""
        words, w, b, reset, recalled = operands
        inside = torch.einsum("ic,cj->ij", words, w).add(b).addcmul(reset, recalled)
        return _squash_again("tanh", inside)

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
        return _beyond("tanh", result, allowed)


class KeepAndAdd(_OfWords):
    """An LSTM's cell: ``forget · cell before + input · candidate``, only scaled and added to.

    Source:
        Hochreiter and Schmidhuber (1997); ``torch.nn.LSTM``.
    """

    reads = ("ij", "ij", "ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``forget * before + opened * candidate``."""
        forget, before, opened, candidate = operands
        return forget * before + opened * candidate

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply twice and add."""
        (forget,), (before,), (opened,), (candidate,) = groups
        return forget * before + opened * candidate

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Multiply both pairs at once."""
        forget, before, opened, candidate = operands
        return (torch.stack([forget, opened]) * torch.stack([before, candidate])).sum(0)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of two products and their sum."""
        forget, before, opened, candidate = operands
        size = (forget * before).abs() + (opened * candidate).abs()
        return kind.of_sum(exact, size, 2) + kind.once(size)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.9·0.5 + 0.2·0.7``."""
        (forget,), (before,), (opened,), (candidate,) = groups
        return write(forget) * write(before) + write(opened) * write(candidate)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        forget, before, opened, candidate = (f"{operand}_{{ij}}" for operand in operands)
        return rf"{result}_{{ij}} = {forget}\,{before} + {opened}\,{candidate}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        forget, before, opened, candidate = operands
        return f"{result} = {forget} * {before} + {opened} * {candidate}"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"cell after {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A cell grows by 1 at most with each word."""
        excess = result.abs().double() - operands[1].abs() - 1
        return {"no cell grows by more than 1 at a word": (excess, allowed)}


class ShowCell(_OfWords):
    """What an LSTM shows of its cell: ``output · tanh(cell)``."""

    reads = ("ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``output * tanh(cell)``."""
        shown, cell = operands
        return shown * torch.tanh(cell)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Squash and multiply."""
        (shown,), (cell,) = groups
        return shown * _squash("tanh", cell)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Squash by the other function."""
        shown, cell = operands
        return _squash_again("tanh", cell) * shown

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.9·tanh(0.5)``."""
        (shown,), (cell,) = groups
        return write(shown) * tanh(write(cell))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        shown, cell = operands
        return rf"{result}_{{ij}} = {shown}_{{ij}} \tanh({cell}_{{ij}})"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} * torch.tanh({operands[1]})"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"after {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """What is shown of a tanh stays within ±1."""
        return _beyond("tanh", result, allowed)


class Blend(_OfWords):
    """A GRU's next state: ``(1 − update) · candidate + update · before``.

    Source:
        Cho et al., arXiv 1406.1078, section 2.3, as in ``torch.nn.GRU``.
    """

    reads = ("ij", "ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``(1 - update) * candidate + update * before``."""
        update, candidate, before = operands
        return (1 - update) * candidate + update * before

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply twice and add."""
        (update,), (candidate,), (before,) = groups
        return (1 - update) * candidate + update * before

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Go from the candidate towards the state before."""
        update, candidate, before = operands
        return torch.lerp(candidate, before, update)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of 1 less the gate, of two products and their sum."""
        update, candidate, before = operands
        size = (1 - update).abs() * candidate.abs() + (update * before).abs()
        return kind.of_sum(exact, size, 2) + 2 * kind.once(size)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``(1 - 0.9)·0.5 + 0.9·0.7``."""
        (update,), (candidate,), (before,) = groups
        fresh = grouped(whole(1) - write(update)) * write(candidate)
        return fresh + write(update) * write(before)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        update, candidate, before = (f"{operand}_{{ij}}" for operand in operands)
        return rf"{result}_{{ij}} = (1 - {update})\,{candidate} + {update}\,{before}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        update, candidate, before = operands
        return f"{result} = (1 - {update}) * {candidate} + {update} * {before}"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"after {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A mixture lies between what is mixed."""
        _, candidate, before = operands
        low, high = torch.minimum(candidate, before), torch.maximum(candidate, before)
        off = torch.maximum(low - result.double(), result.double() - high)
        return {"every state lies between the candidate and the state before": (off, allowed)}
