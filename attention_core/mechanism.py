"""A mechanism is a list of steps, as data: each value declared once, by name. A run is a trace.

Figures, self-checks, explanations, formulas and code all follow from the declaration. Both classes
are in one module, since each is made by the other: a mechanism's run is a trace, and a trace's
mechanism runs again, with other inputs or with numbers of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from torch import Tensor

from attention_core.checks import Check, check_step, state_of
from attention_core.explanation import Explanation, explain_input, explain_step
from attention_core.glossary import term
from attention_core.html_tables import html_of
from attention_core.operations import Index, Operation, Overridden
from attention_core.operations.overriding import require_finite, without_overrides
from attention_core.step import Step
from attention_core.tensors import is_cell, require_cell, require_mask, require_numbers


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A way of attending: named inputs, then steps, each made of what came before.

    Args:
        inputs: The names of the tensors it starts from.
        steps: The steps in order. Each may only use inputs and earlier steps.
        masks: Which of the inputs are booleans and not numbers.
        per_head: Which of the inputs have a head axis before their two others.

    Raises:
        ValueError: If a name is used twice or before it exists.

    Example:
        >>> import torch
        >>> from attention_core.operations import DotProducts, Softmax
        >>> shares = Mechanism(
        ...     inputs=("inputs",),
        ...     steps=(
        ...         Step("scores", DotProducts(), of=("inputs", "inputs")),
        ...         Step("weights", Softmax(), of=("scores",)),
        ...     ),
        ... )
        >>> shares.run(inputs=torch.eye(2))["weights"]
        tensor([[0.7311, 0.2689],
                [0.2689, 0.7311]])
    """

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    masks: tuple[str, ...] = ()
    per_head: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Tensor], steps: Sequence[Step] = ()) -> Mechanism:
        """Return a mechanism with these inputs: booleans are masks, and three axes have heads.

        Args:
            given: The inputs by name. Of the tensors only shapes and dtypes count.
            steps: The steps in order; none for values that nothing is made of.

        Example:
            >>> import torch
            >>> Mechanism.of({"mask": torch.ones(2, 2, dtype=torch.bool)}).masks
            ('mask',)
        """
        masks = tuple(name for name, tensor in given.items() if tensor.dtype == torch.bool)
        per_head = tuple(name for name, tensor in given.items() if tensor.ndim == 3)
        return cls(tuple(given), tuple(steps), masks, per_head)

    def __post_init__(self) -> None:
        known = set(self.inputs)
        for step in self.steps:
            missing = [name for name in step.of if name not in known]
            if missing:
                raise ValueError(f"step {step.name!r} uses {missing[0]!r} before it exists")
            if step.name in known:
                raise ValueError(f"the name {step.name!r} is used twice")
            known.add(step.name)

    def run(self, **inputs: Tensor) -> Trace:
        """Compute every step and keep every intermediate.

        Args:
            **inputs: One non-empty, finite float tensor of rank 2 for each name in ``inputs``;
                a bool one for those in ``masks``, of rank 3 for those in ``per_head``.

        Returns:
            The trace: every input and step by name.

        Raises:
            TypeError: If an input is missing or unknown.
            ValueError: If an input is not such a tensor, or two shapes do not fit; it names the
                tensor, what was expected and what came.
        """
        if set(inputs) != set(self.inputs):
            expected, came = ", ".join(self.inputs), ", ".join(inputs) or "nothing"
            raise TypeError(f"run() expects the inputs {expected}; got {came}")
        tensors = {name: self._checked(name, inputs[name]).clone() for name in self.inputs}
        dtypes = {name: tensors[name].dtype for name in self.inputs if name not in self.masks}
        if len(set(dtypes.values())) > 1:
            came = ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
            raise ValueError(f"all inputs must have one dtype; got {came}")
        return Trace(self, self.computed(tensors))

    def computed(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the inputs and every step by name, computed without checking the inputs.

        Args:
            inputs: One tensor for each name in ``inputs``. They may have NaN, as in a model that
                is being debugged.

        Raises:
            ValueError: If two shapes do not fit; it names the step and the tensors.
        """
        tensors = dict(inputs)
        for step in self.steps:
            tensors[step.name] = self.made(step, tensors)
        return tensors

    def made(self, step: Step, tensors: Mapping[str, Tensor]) -> Tensor:
        """Return what a step makes of its operands; ValueError if they do not fit."""
        try:
            return step.operation.compute(*(tensors[name] for name in step.of))
        except RuntimeError:
            shapes = " and ".join(f"{name} {tuple(tensors[name].shape)}" for name in step.of)
            raise ValueError(f"{step.name} cannot be made: {shapes} do not fit") from None
        except ValueError as error:  # an operation does not know its step's name
            raise ValueError(f"{step.name} {error}") from None

    def _checked(self, name: str, tensor: Tensor) -> Tensor:
        """Return an input if it is what this mechanism takes."""
        require = require_mask if name in self.masks else require_numbers
        return require(name, tensor, 3 if name in self.per_head else 2)

    def step(self, name: str) -> Step:
        """Return the step of that name; KeyError if there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(f"there is no step {name!r} among {', '.join(s.name for s in self.steps)}")

    def with_operation(self, name: str, operation: Operation) -> Mechanism:
        """Return the same mechanism with another operation in one step.

        Example:
            >>> import torch
            >>> from attention_core import SIMPLE_SELF_ATTENTION
            >>> from attention_core.operations import Softmax
            >>> wrong = SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2))
            >>> wrong.run(inputs=torch.eye(2)).output.shape
            torch.Size([2, 2])
        """
        changed = self.step(name)
        steps = (replace(s, operation=operation) if s is changed else s for s in self.steps)
        return replace(self, steps=tuple(steps))

    def with_overrides(self, overrides: Mapping[str, Mapping[Index, float]]) -> Mechanism:
        """Return the same mechanism with numbers put into some cells of its steps.

        What comes after them follows; what comes before stays what it was. Numbers in a step that
        has some already come on top of these.

        Args:
            overrides: For each step, its own numbers by cell: one 0-based index per axis.

        Raises:
            KeyError: If there is no such step. An input is changed where it is given.
            ValueError: If a number is not finite. Whether its cell exists shows in ``run``, which
                raises ValueError with the step, its shape and the cell.

        Example:
            >>> import torch
            >>> from attention_core import SIMPLE_SELF_ATTENTION
            >>> own = SIMPLE_SELF_ATTENTION.with_overrides({"weights": {(0, 1): 0.9}})
            >>> own.run(inputs=torch.eye(2)).output
            tensor([[0.7311, 0.9000],
                    [0.2689, 0.7311]])
        """
        changed = self
        for name, cells in overrides.items():
            numbers = {tuple(cell): require_finite(name, cell, n) for cell, n in cells.items()}
            operation = changed.step(name).operation
            if isinstance(operation, Overridden):
                numbers = {**operation.cells, **numbers}
            if numbers:
                overridden = Overridden(without_overrides(operation), numbers)
                changed = changed.with_operation(name, overridden)
        return changed

    def pytorch(self) -> str:
        """Return the lines of PyTorch that compute every step from the inputs."""
        return "\n".join(step.operation.pytorch(step.name, *step.of) for step in self.steps)


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

    def with_source(
        self, source: str | None = None, compared: Sequence[Check] | None = None
    ) -> Trace:
        """Return the same trace with another source, or held against something else.

        Args:
            source: Where the numbers are from; None for what it is.
            compared: How far the steps are from what a model really gave; None for what it is.
        """
        return Trace(
            self.mechanism,
            self._tensors,
            tokens=self.tokens,
            key_tokens=self.key_tokens,
            source=self.source if source is None else source,
            compared=self.compared if compared is None else compared,
        )

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
        """The cells that somebody put numbers into, by step; only steps that have some."""
        return MappingProxyType(
            {
                step.name: frozenset(step.operation.cells)
                for step in self.mechanism.steps
                if isinstance(step.operation, Overridden)
            }
        )

    @property
    def detached(self) -> Mapping[str, tuple[str, ...]]:
        """The later steps that numbers put in keep from following a step as a whole, by the step.

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
        overridden = self.overridden
        found = {
            name: tuple(late for late in overridden if name in before[late]) for name in before
        }
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
        return name in self._tensors and is_cell(index, tuple(self[name].shape))

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
        if step in self.mechanism.inputs:
            return explain_input(step, cell, float(self[step][cell].item()))
        return explain_step(self.mechanism.step(step), cell, self._tensors)

    def check(self, *steps: str) -> tuple[Check, ...]:
        """Return the checks of steps: second routes and laws, each with how far off a step is.

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
        checks = tuple(check for step in declared for check in self._check(step))
        return checks + tuple(check for check in self.compared if not steps or check.step in names)

    def _check(self, step: Step) -> tuple[Check, ...]:
        """Return a step's checks, the remembered ones while nothing they are of has changed."""
        operands, result = [self[name] for name in step.of], self[step.name]
        state = state_of(step.operation, *operands, result)
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
        later = self.steps[self.steps.index(name) :]  # what is carried to it: its rows to come
        operand_axes = (() if operand in later else self.axes(operand) for operand in step.of)
        return step.operation.axes(*operand_axes)
