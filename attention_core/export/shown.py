"""What a page shows, as data: runs with their labels, and numbers that no run gives again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from attention_core.mechanism import Trace
from attention_core.spread import Made


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers that are taken along as they are, such as timings: labelled data.

    Args:
        name: What its file is called: small letters, digits and hyphens.
        title: What it is, in our own words.
        said: How its numbers came about, in a sentence of our own.
        columns: What each column is, with its unit.
        rows: One entry for each column.
    """

    name: str
    title: str
    said: str
    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"each row of {self.name} must have {len(self.columns)} entries")


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that a page shows besides the steps of its run, and how plain PyTorch makes it.

    Args:
        name: What it is called, in code too.
        said: What it is, in a few words of our own.
        code: Lines of PyTorch that make ``name`` from the names of the run.
        tensor: The value, as the page shows it.
        axes: What each of its axes counts.
        rounding: What its own arithmetic may be off by, in each cell or in all.
        made: Makes it in float64 of all values of the run; None for what is made of none of them.
    """

    name: str
    said: str
    code: str
    tensor: Tensor
    axes: tuple[str, ...]
    rounding: Tensor | float
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One run that a page shows, with the user's own numbers in it.

    Args:
        name: What its files are called: small letters, digits and hyphens.
        title: What it is, in our own words.
        trace: The run.
        tokens: What the queries are called, by the user.
        key_tokens: What the keys are called; None if they are the same.
        derived: Values that are made of the run's.
        tables: Labelled data that belong to it.
    """

    name: str
    title: str
    trace: Trace
    tokens: Sequence[str]
    key_tokens: Sequence[str] | None = None
    derived: tuple[Derived, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def keys(self) -> Sequence[str]:
        """What the keys are called."""
        return self.tokens if self.key_tokens is None else self.key_tokens

    def labelled(self) -> Trace:
        """Return the run with its tokens, as ``save_trace`` takes it."""
        if len(self.tokens) == 1:
            return self.trace.with_tokens(self.keys)  # a single query needs no label
        return self.trace.with_tokens(self.tokens, self.key_tokens or ())

    def axes(self, name: str) -> tuple[str, ...]:
        """Return what each axis of a value counts."""
        for derived in self.derived:
            if derived.name == name:
                return derived.axes
        return self.trace.axes(name)

    def labels(self, axis: str, size: int) -> list[str]:
        """Return what the positions along an axis are called: tokens by word, the rest by number.

        Example:
            >>> import torch
            >>> from attention_core import SIMPLE_SELF_ATTENTION
            >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2))
            >>> shown = Shown("start", "Self-attention", trace, ["to", "be"])
            >>> shown.labels("query token", 2), shown.labels("dimension", 2)
            (['to', 'be'], ['d1', 'd2'])
        """
        called = self.tokens if axis.startswith("query token") else self.keys
        if axis.endswith("token") and len(called) == size:
            return list(called)
        if axis.endswith("dimension"):
            return [f"d{position + 1}" for position in range(size)]
        return [f"{axis} {position + 1}" for position in range(size)]
