"""What a run leaves behind: every value by name, able to explain and to check itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from attention_core.arithmetic import written
from attention_core.checks import Check, check_step
from attention_core.glossary import term
from attention_core.html_tables import html_of
from attention_core.numbers import result_of
from attention_core.operations import Index, Operation, Overridden

if TYPE_CHECKING:
    from attention_core.mechanism import Mechanism, Step


ROUTES = ("by_hand", "in_float64", "invariants", "rounding", "sources")


class Operand(NamedTuple):
    """One number that a cell was made of: whose it is, where it stands, what it is."""

    name: str
    cell: Index
    value: float


class Explanation(NamedTuple):
    """A cell's arithmetic with its real operands."""

    formula: str  # ends in "= result", or in "≈ result (why)"
    result: float
    operands: tuple[Operand, ...]  # as the formula reads; empty for an input
    written: tuple[str, ...] = ()  # each operand with the digits it has in the formula


class Trace:
    """Every value of one run, inputs first, in the order it was computed.

    Args:
        mechanism: What was run.
        tensors: Its inputs and steps by name.
        tokens: One label per token, if there are any; with ``key_tokens``, of those that ask.
        key_tokens: One label per token that is asked, where these are others.
        source: Where the numbers are from, when a model was watched.
        compared: How far the steps are from what the model really gave.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[0.5, 1.0], [2.0, 0.0]]))
        >>> trace.steps
        ('scores', 'weights', 'context')
        >>> trace["scores"]
        tensor([[1.2500, 1.0000],
                [1.0000, 4.0000]])
        >>> trace.explain("scores", 0, 1).formula
        '0.5·2 + 1·0 = 1.0000'
        >>> all(check.ok for check in trace.check())
        True
    """

    def __init__(
        self,
        mechanism: Mechanism,
        tensors: Mapping[str, Tensor],
        *,
        tokens: Sequence[str] = (),
        key_tokens: Sequence[str] = (),
        source: str = "",
        compared: Sequence[Check] = (),
    ) -> None:
        self.mechanism = mechanism
        self.tokens = tuple(tokens)
        self.key_tokens = tuple(key_tokens)
        self.source = source
        self.compared = tuple(compared)
        self._tensors = MappingProxyType(dict(tensors))
        self._checked: dict[str, tuple[object, tuple[Check, ...]]] = {}

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {tuple(t.shape)}" for name, t in self._tensors.items())
        wrong = "".join(f"; {said}" for said in self.disagreements)
        return f"Trace({shapes}{wrong})"

    def _repr_html_(self) -> str:
        """Return the trace as small coloured tables, which is how a notebook shows it."""
        return html_of(self)

    def with_tokens(self, tokens: Sequence[str], key_tokens: Sequence[str] = ()) -> Trace:
        """Return the same trace with labels for its tokens.

        Args:
            tokens: One label per token; with ``key_tokens``, of those that ask.
            key_tokens: One label per token that is asked, where these are others.

        Raises:
            ValueError: If an axis that counts tokens has another length.

        Example:
            >>> import torch
            >>> from attention_core import SIMPLE_SELF_ATTENTION
            >>> SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)).with_tokens(["to", "be"]).tokens
            ('to', 'be')
        """
        labelled = Trace(
            self.mechanism,
            self._tensors,
            tokens=tokens,
            key_tokens=key_tokens,
            source=self.source,
            compared=self.compared,
        )
        for name in self._tensors if tokens else ():
            for axis, size in zip(self.axes(name), self[name].shape, strict=True):
                asked = key_tokens if axis == "key token" and key_tokens else tokens
                if axis.endswith("token") and size not in (1, len(asked)):
                    raise ValueError(
                        f"{name} has {size} along the axis {axis!r}, so it takes {size} labels; "
                        f"got {len(asked)}"
                    )
        return labelled

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all values, inputs first."""
        return tuple(self._tensors)

    @property
    def disagreements(self) -> tuple[str, ...]:
        """What a watched model gave otherwise than the steps do, in words; empty if nothing."""
        return tuple(
            f"{check.step} differs from {check.route} by {check.max_difference:.3g}, "
            f"more than {check.tolerance:.3g}"
            for check in self.compared
            if not check.ok
        )

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps, in order."""
        return tuple(step.name for step in self.mechanism.steps)

    @property
    def inputs(self) -> Mapping[str, Tensor]:
        """The tensors the run started from, by name."""
        return MappingProxyType({name: self[name] for name in self.mechanism.inputs})

    @property
    def output(self) -> Tensor:
        """The last step's tensor."""
        return self[self.steps[-1]]

    @property
    def overridden(self) -> Mapping[str, frozenset[Index]]:
        """The cells with somebody's own numbers, by step; only steps that have some."""
        return MappingProxyType(
            {
                step.name: frozenset(step.operation.cells)
                for step in self.mechanism.steps
                if isinstance(step.operation, Overridden)
            }
        )

    @property
    def detached(self) -> Mapping[str, tuple[str, ...]]:
        """For each step, the later ones that own numbers keep from following it, as a whole.

        Example:
            >>> import torch
            >>> from attention_core import SIMPLE_SELF_ATTENTION
            >>> own = SIMPLE_SELF_ATTENTION.with_overrides({"context": {(0, 0): 1.0}})
            >>> dict(own.run(inputs=torch.eye(2)).detached)
            {'scores': ('context',), 'weights': ('context',)}
        """
        before: dict[str, set[str]] = {}  # of each step, the steps it is made of, near and far
        for step in self.mechanism.steps:
            near = set(step.of) - set(self.mechanism.inputs)
            before[step.name] = near.union(*(before.get(name, set()) for name in near))
        own = self.overridden
        found = {name: tuple(late for late in own if name in before[late]) for name in before}
        return MappingProxyType({name: late for name, late in found.items() if late})

    def has_cell(self, name: str, index: Sequence[int]) -> bool:
        """Return whether there is a value of that name, and in it such a cell.

        Example:
            >>> import torch
            >>> from attention_core import SIMPLE_SELF_ATTENTION
            >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2))
            >>> trace.has_cell("weights", (1, 1)), trace.has_cell("weights", (1, 2))
            (True, False)
        """
        return name in self._tensors and _is_within(index, tuple(self[name].shape))

    def explain(self, step: str, *index: int) -> Explanation:
        """Return the arithmetic of one cell, with its real operands.

        Args:
            step: The name of a step, or of an input (which is made of nothing).
            *index: The cell, 0-based, one index per axis.

        Raises:
            KeyError: If there is no such step.
            IndexError: If there is no such cell.
        """
        cell = require_cell(step, self[step], index)
        result = float(self[step][cell].item())
        if step in self.mechanism.inputs:
            where = ", ".join(str(position) for position in cell)
            return Explanation(f"{step}[{where}] = {result_of(result)}", result, ())
        declared = self.mechanism.step(step)
        operation = declared.operation
        shapes = [tuple(self[name].shape) for name in declared.of]
        groups = [
            [
                Operand(name, at, value)
                for at, value in zip(cells, _values(self[name], cells), strict=True)
            ]
            for name, cells in zip(declared.of, operation.sources(cell, shapes), strict=True)
        ]
        numbers = [[operand.value for operand in group] for group in groups]
        arithmetic = partial(operation.arithmetic, cell, numbers)
        line = written(arithmetic, result, self[step].dtype)
        operands = _reading_order(groups)
        texts = tuple(line.writer.text(operand.value) for operand in operands)
        return Explanation(line.text, result, operands, texts)

    def check(self, *steps: str) -> tuple[Check, ...]:
        """Return the second routes and laws of steps, each with how far off it is.

        A route that fails counts as not ok; NaN equals NaN. What was checked is remembered until
        its operation changes or torch changes one of its tensors in place. For a watched model,
        what it really gave comes last.

        Args:
            *steps: The names of the steps; none for all of them.

        Raises:
            KeyError: If there is no such step.
        """
        declared = tuple(map(self.mechanism.step, steps)) if steps else self.mechanism.steps
        names = {step.name for step in declared}
        own = tuple(check for step in declared for check in self._check(step))
        return own + tuple(check for check in self.compared if not steps or check.step in names)

    def _check(self, step: Step) -> tuple[Check, ...]:
        """Return a step's checks, the remembered ones while nothing they are of has changed."""
        operands, result = [self[name] for name in step.of], self[step.name]
        state = _state_of(step.operation, *operands, result)
        before, checks = self._checked.get(step.name, (None, ()))
        if state is None or before != state:
            checks = tuple(check_step(step, operands, result))
            self._checked[step.name] = (state, checks)
        return checks

    def axes(self, name: str) -> tuple[str, ...]:
        """Return what each axis of a value counts, e.g. ``("query token", "key token")``."""
        if name in self.mechanism.inputs:
            axes = term(name).axes
            return ("head",) * (self[name].ndim - len(axes)) + axes
        step = self.mechanism.step(name)
        later = self.steps[self.steps.index(name) :]  # what is carried to it: its own rows to come
        own = (() if operand in later else self.axes(operand) for operand in step.of)
        return step.operation.axes(*own)


def require_cell(step: str, tensor: Tensor, index: Sequence[int]) -> Index:
    """Return the index if it names one cell of the tensor; IndexError if not."""
    shape = tuple(tensor.shape)
    if not _is_within(index, shape):
        raise IndexError(f"{step} has shape {shape}; there is no cell {tuple(index)}")
    return tuple(index)


def _is_within(index: Sequence[int], shape: Sequence[int]) -> bool:
    return len(index) == len(shape) and all(
        0 <= position < size for position, size in zip(index, shape, strict=True)
    )


def _state_of(operation: Operation, *tensors: Tensor) -> tuple[object, ...] | None:
    """Return what checks depend on, to compare: None where torch does not count changes in place.

    The operation's own routes and settings belong to it, the numbers by how often they changed.
    """
    if any(tensor.is_inference() for tensor in tensors):
        return None
    routes = [getattr(type(operation), name) for name in ROUTES]
    changes = [tensor._version for tensor in tensors]
    return routes, operation.reads, dict(vars(operation)), changes


def _values(tensor: Tensor, cells: Sequence[Index]) -> list[float]:
    """Return the numbers in some cells, read at once: one by one takes 20 times as long."""
    if not cells:
        return []
    return [float(number) for number in tensor[tuple(map(list, zip(*cells, strict=True)))].tolist()]


def _reading_order(groups: Sequence[Sequence[Operand]]) -> tuple[Operand, ...]:
    """Return the operands as a sum of products reads: a1, b1, a2, b2, …"""
    if len({len(group) for group in groups}) == 1:
        return tuple(operand for together in zip(*groups, strict=True) for operand in together)
    return tuple(operand for group in groups for operand in group)
