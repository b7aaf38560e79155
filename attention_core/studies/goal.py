"""Goal seek: move some inputs until one token gives another as much attention as wished."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from attention_core.mechanism import Trace
from attention_core.operations import Index, Operation, Softmax
from attention_core.tensors import require_cell

GOING_ON = "going on"
REACHED = "reached"
MASKED = "not reachable: masked"
NO_SLOPE = "stopped at the start: no small move of what may move changes it"
OUT_OF_BOUND = "not reached within the bound"
CLOSEST = "not reached: from there, no step gets any closer"
OUT_OF_STEPS = "not reached: out of steps"
OUT_OF_TIME = "not reached: out of time"
STATUSES = (GOING_ON, REACHED, MASKED, NO_SLOPE, OUT_OF_BOUND, CLOSEST, OUT_OF_STEPS, OUT_OF_TIME)

FIRST_STRIDE = 0.1  # how far the first step goes, in the length of what moves (or of the bound)
SHORTEST = 1e-9  # a stride below this share of the first one: no step gets any closer
GAIN = 1e-9  # of log weight; less is no progress


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step of a search: its inputs, and how large the weight is with them.

    Args:
        number: Which step; 0 is the start.
        weight: The weight reached, as a run with these inputs has it.
        inputs: What was moved, by name: copies, in the dtype of the trace.
        moved: How far, as the length of all changes together.
        status: How the search stands: one of ``STATUSES``.
    """

    number: int
    weight: float
    inputs: Mapping[str, Tensor]
    moved: float
    status: str


def seek(
    trace: Trace,
    query: int,
    key: int,
    target: float,
    moving: Sequence[str] = ("inputs",),
    bound: float | None = None,
    max_steps: int = 500,
    seconds: float = 3.0,
    step: str = "weights",
    head: int | None = None,
) -> Iterator[Attempt]:
    """Search, by gradient, for inputs with which a weight is at least as large as a target.

    Each step follows the gradient of the weight's logarithm, in float64; a step that gets no
    closer is taken shorter, so from attempt to attempt the weight grows. A bound is kept by going
    back to the nearest point of the ball around the start. The search is local: what it does not
    reach may be reachable from another start.

    Args:
        trace: The run to start from. Whatever is not named in ``moving`` stays.
        query: The token that asks, 0-based.
        key: The token that is to get the attention.
        target: The weight to reach, above 0 and at most 1.
        moving: The names of the inputs that may move.
        bound: How far they may move, as the length of all changes together; None for any length.
        max_steps: How many steps at most.
        seconds: How long at most.
        step: The step with the weights.
        head: Which head, where the step has some.

    Yields:
        An attempt for the start and one for each step. All but the last are going on.

    Raises:
        IndexError: If there is no such cell.
        KeyError: If there is no such step.
        ValueError: If an input cannot move, a head is missing, or a number is out of range.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(3))
        >>> *_, last = seek(trace, query=0, key=2, target=0.9)
        >>> last.status, last.weight >= 0.9
        ('reached', True)
    """
    cell = _checked_cell(trace, step, query, key, head)
    _require_settings(trace, moving, target, bound)
    return _search(_Goal(trace, step, cell, tuple(moving), bound), target, max_steps, seconds)


@dataclass(frozen=True, slots=True)
class _Goal:
    """What is sought, and where it starts."""

    trace: Trace
    step: str
    cell: Index
    moving: tuple[str, ...]
    bound: float | None

    @property
    def start(self) -> dict[str, Tensor]:
        return {name: self.trace[name].detach().double() for name in self.moving}

    def reached(self, moved: Mapping[str, Tensor]) -> float:
        """Return the weight of a run in the trace's dtype."""
        with torch.no_grad():
            again = self.trace.mechanism.run(**{**self.trace.inputs, **moved})
        return float(again[self.step][self.cell])

    def objective(self, moved: Mapping[str, Tensor]) -> Tensor:
        """Return the logarithm of the weight, in float64: its slope does not vanish with it."""
        inputs = {
            name: tensor if name in self.trace.mechanism.masks else tensor.detach().double()
            for name, tensor in self.trace.inputs.items()
        }
        run = self.trace.mechanism.run(**{**inputs, **moved})
        declared = self.trace.mechanism.step(self.step)
        if _is_softmax_of_rows(declared.operation):  # a weight too small for a number still has one
            row = run[declared.of[0]][self.cell[:-1]]
            return torch.log_softmax(row, dim=-1)[self.cell[-1]]
        return run[self.step][self.cell].log()

    def is_masked(self) -> bool:
        """Return whether a mask decides the weight: what it hides cannot get any."""
        return self._is_hidden(self.step)

    def _is_hidden(self, name: str) -> bool:
        """Return whether a value's cell is hidden, or what stands in its place before it is."""
        if name in self.trace.mechanism.masks:
            mask = self.trace[name]
            return not bool(mask[self.cell[-mask.ndim :]])
        if name in self.trace.inputs or self.cell in self.trace.overridden.get(name, ()):
            return False
        size = self.trace[self.step].shape[-2:]
        above = self.trace.mechanism.step(name).of
        return any(self._is_hidden(of) for of in above if self.trace[of].shape[-2:] == size)

    def held(self, moved: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the nearest inputs within the bound, as the trace's dtype can hold them."""
        start, ends = self.start, dict(moved)
        for _ in range(8):  # rounding to the dtype may lead out again
            rounded = {name: end.to(self.trace[name].dtype) for name, end in ends.items()}
            length = self.length(rounded)
            if self.bound is None or length <= self.bound:
                return rounded
            share = self.bound / length * (1 - 1e-7)
            ends = {
                name: start[name] + (rounded[name].double() - start[name]) * share for name in ends
            }
        return {name: self.trace[name].detach().clone() for name in self.moving}

    def length(self, moved: Mapping[str, Tensor]) -> float:
        """Return how far inputs are from the start."""
        start = self.start
        return math.sqrt(sum(float((moved[n].double() - start[n]).square().sum()) for n in moved))


def _search(goal: _Goal, target: float, max_steps: int, seconds: float) -> Iterator[Attempt]:
    """Yield the attempts of a search by projected gradient ascent with a shrinking stride."""
    ends_at = time.monotonic() + seconds
    at = goal.held(goal.start)
    weight, number = goal.reached(at), 0
    first = FIRST_STRIDE * (goal.bound or _length(goal.start) or 1.0)
    stride = first

    def attempt(status: str) -> Attempt:
        copies = {name: tensor.clone() for name, tensor in at.items()}
        return Attempt(number, weight, copies, goal.length(at), status)

    while not weight >= target:
        if number == 0 and goal.is_masked():
            yield attempt(MASKED)
            return
        height, slope = _slope(goal, at)
        steepness = _length(slope)
        if not math.isfinite(steepness) or steepness < 1e-12:
            yield attempt(NO_SLOPE if number == 0 else _stuck(goal, at))
            return
        if number >= max_steps or time.monotonic() >= ends_at:
            yield attempt(OUT_OF_STEPS if number >= max_steps else OUT_OF_TIME)
            return
        yield attempt(GOING_ON)
        while True:
            there = goal.held({n: at[n].double() + slope[n] * (stride / steepness) for n in at})
            if _height(goal, there) > height + GAIN:
                break
            stride /= 2
            if stride < SHORTEST * first or time.monotonic() >= ends_at:
                number += 1
                yield attempt(OUT_OF_TIME if stride >= SHORTEST * first else _stuck(goal, at))
                return
        at, weight, number, stride = there, goal.reached(there), number + 1, stride * 2
    yield attempt(REACHED)


def _slope(goal: _Goal, at: Mapping[str, Tensor]) -> tuple[float, dict[str, Tensor]]:
    """Return the objective and its gradient."""
    leaves = {name: tensor.detach().double().requires_grad_() for name, tensor in at.items()}
    with torch.enable_grad():
        height = goal.objective(leaves)
        if not height.requires_grad:
            return float(height), {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
        found = torch.autograd.grad(height, list(leaves.values()), allow_unused=True)
    slope = {
        name: torch.zeros_like(leaf) if one is None else one
        for (name, leaf), one in zip(leaves.items(), found, strict=True)
    }
    return float(height.detach()), slope


def _height(goal: _Goal, at: Mapping[str, Tensor]) -> float:
    """Return the objective, -inf where it overflows."""
    with torch.no_grad():
        try:
            height = float(goal.objective({name: tensor.double() for name, tensor in at.items()}))
        except ValueError:  # an input became infinite
            return -math.inf
    return height if height == height else -math.inf


def _stuck(goal: _Goal, at: Mapping[str, Tensor]) -> str:
    """Return why no step gets closer: the bound, if the search stands at it, or the slope."""
    is_at_bound = goal.bound is not None and goal.length(at) >= goal.bound * (1 - 1e-3)
    return OUT_OF_BOUND if is_at_bound else CLOSEST


def _length(tensors: Mapping[str, Tensor]) -> float:
    return math.sqrt(sum(float(tensor.double().square().sum()) for tensor in tensors.values()))


def _is_softmax_of_rows(operation: Operation) -> bool:
    return isinstance(operation, Softmax) and operation.dim == -1


def _checked_cell(trace: Trace, step: str, query: int, key: int, head: int | None) -> Index:
    n_axes = trace[trace.mechanism.step(step).name].ndim
    if (head is None) == (n_axes == 3):
        expected = "a head, as it has some" if head is None else "no head, as it has none"
        raise ValueError(f"{step} of shape {tuple(trace[step].shape)} needs {expected}; got {head}")
    return require_cell(step, trace[step], (query, key) if head is None else (head, query, key))


def _require_settings(
    trace: Trace, moving: Sequence[str], target: float, bound: float | None
) -> None:
    free = [name for name in trace.inputs if name not in trace.mechanism.masks]
    unknown = [name for name in moving if name not in free]
    if unknown or not moving:
        came = ", ".join(moving) or "nothing"
        raise ValueError(f"what may move must be among {', '.join(free)}; got {came}")
    if not 0 < target <= 1:
        raise ValueError(f"the weight to reach must be above 0 and at most 1; got {target}")
    if bound is not None and not 0 < bound < math.inf:
        raise ValueError(f"the bound must be a length above 0, or none; got {bound}")
