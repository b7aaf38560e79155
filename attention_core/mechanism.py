"""A mechanism is a list of steps, as data: each value declared once, by name.

Figures, self-checks, explanations, formulas and code all follow from the declaration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from attention_core.operations import Index, Operation, Overridden
from attention_core.operations.overriding import require_finite
from attention_core.tensors import require_mask, require_numbers
from attention_core.trace import Trace


@dataclass(frozen=True, slots=True)
class Step:
    """One named value of a mechanism and how it is made.

    Args:
        name: The value's name, as the glossary has it.
        operation: What is done.
        of: The names of its operands, inputs or earlier steps, in the operation's order.
    """

    name: str
    operation: Operation
    of: tuple[str, ...]


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
        """Return the inputs and every step of them, without a look at what the inputs are.

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
        """Return the same mechanism with own numbers in some cells of its steps.

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
            own = {tuple(cell): require_finite(name, cell, n) for cell, n in cells.items()}
            operation = changed.step(name).operation
            if isinstance(operation, Overridden):
                own = {**operation.cells, **own}
                operation = operation.operation
            if own:
                changed = changed.with_operation(name, Overridden(operation, own))
        return changed

    def pytorch(self) -> str:
        """Return the lines of PyTorch that compute every step from the inputs."""
        return "\n".join(step.operation.pytorch(step.name, *step.of) for step in self.steps)
