"""How far another computer's result of a step may honestly be from ours."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core.checks import ROUNDINGS
from attention_core.trace import Trace

SPREAD = 8  # times our own distance from float64: others round elsewhere, and not much worse


class Tolerance(NamedTuple):
    """What ``torch.allclose`` is told: a share of each number, and an amount."""

    rtol: float
    atol: float  # infinite where nothing can be compared


def tolerances(trace: Trace) -> dict[str, Tolerance]:
    """Return for each step how far an honest run on another computer may be off.

    That is a few rounding errors of what the step itself adds up, and several times what the
    rounding of all steps before it really did here: how far the run is from one in float64.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> found = tolerances(SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)))
        >>> {name: f"{most.atol:.1g}" for name, most in found.items()}
        {'scores': '2e-06', 'weights': '2e-06', 'context': '2e-06'}
    """
    exact, found = _exact(trace), {}
    for step in trace.mechanism.steps:
        result = trace[step.name].detach()
        limits, operands = torch.finfo(result.dtype), [trace[name] for name in step.of]
        own = ROUNDINGS * limits.eps * max(largest_of(result), step.operation.magnitude(*operands))
        off = SPREAD * _apart(exact[step.name], result.double())
        found[step.name] = Tolerance(ROUNDINGS * limits.eps, own + off)
    return found


def _exact(trace: Trace) -> dict[str, Tensor]:
    """Return every value of a run again, made in float64 from the inputs."""
    exact = {name: tensor.detach().double() for name, tensor in trace.inputs.items()}
    carried = carried_of(trace)
    exact |= {name: torch.zeros_like(trace[name], dtype=torch.float64) for name in carried}
    for _ in range(len(trace[carried[0]]) if carried else 1):
        for step in trace.mechanism.steps:
            largest = torch.finfo(trace[step.name].dtype).max
            operands = (exact[name] for name in step.of)
            exact[step.name] = step.operation.in_float64(*operands, largest=largest)
    return exact


def carried_of(trace: Trace) -> tuple[str, ...]:
    """Return the steps that a recurrent mechanism uses before it makes them; mostly none."""
    carried: tuple[str, ...] = getattr(trace.mechanism, "carried", ())
    return carried


def of_derived(tensor: Tensor, tolerance: float, steps: dict[str, Tolerance]) -> Tolerance:
    """Return the same for a value that is made of steps.

    Args:
        tensor: The value.
        tolerance: What its own arithmetic may be off by.
        steps: What the steps may be off by.
    """
    eps = torch.finfo(tensor.dtype).eps
    passed_on = max((most.atol for most in steps.values() if math.isfinite(most.atol)), default=0.0)
    if tensor.dtype == torch.float64:
        passed_on = 0.0  # made of what was typed
    passed_on *= ROUNDINGS * max(1.0, largest_of(tensor))
    return Tolerance(ROUNDINGS * eps, tolerance + passed_on)


def largest_of(tensor: Tensor) -> float:
    """Return the size of the largest number that is finite."""
    return float(tensor.detach().abs().nan_to_num(nan=0.0, posinf=0.0).max())


def _apart(exact: Tensor, result: Tensor) -> float:
    """Return the largest distance where both are numbers."""
    return float((exact - result).abs().nan_to_num(nan=0.0, posinf=0.0).max())
