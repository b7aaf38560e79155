"""An operation of a recurrent cell as the only step of a mechanism."""

from typing import Any

import torch
from torch import Tensor

from attention_core import Mechanism, Step, Trace
from attention_core.operations import Operation


def alone(operation: Operation, *operands: Tensor) -> Trace:
    """Run an operation of these operands, which are called o0, o1 and so on; it makes ``made``."""
    names = tuple(f"o{place}" for place in range(len(operands)))
    mechanism = Mechanism(names, (Step("made", operation, of=names),))
    return mechanism.run(**dict(zip(names, operands, strict=True)))


def by_its_line(trace: Trace) -> Tensor:
    """Return what the step's line of PyTorch makes of the inputs."""
    scope: dict[str, Any] = {"torch": torch, **trace.inputs}
    exec(trace.mechanism.pytorch(), scope)
    made: Tensor = scope["made"]
    return made


def in_float64(trace: Trace) -> Tensor:
    """Return what the step's second route makes of the whole."""
    (step,) = trace.mechanism.steps
    return step.operation.in_float64(*trace.inputs.values(), largest=torch.finfo().max)
