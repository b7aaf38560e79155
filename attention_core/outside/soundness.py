"""What can be a trace: tensors that its mechanism could have made, at a cost that can be paid."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.mechanism import Trace
from attention_core.operations import Operation, Overridden, ranges_read
from attention_core.operations.overriding import without_overrides
from attention_core.outside.claims import MAX_TOKENS, TensorFileError
from attention_core.outside.work import MOST_WORK, TooMuchError, require_few, work_of
from attention_core.tensors import FLOATS


def require_sound(trace: Trace) -> None:
    """Raise ValueError if a trace's tensors cannot be what its mechanism makes.

    Their shapes, dtypes, and where they are not a number; whether the numbers are right is what
    ``trace.check`` says, for which the steps must not be too much work. All without any memory;
    only a step that has NaN is made again, to see whether it belongs there.
    """
    mechanism, work = trace.mechanism, 0
    for name in mechanism.inputs:
        _require_input(trace, name)
    for name in trace.names:
        for axis, size in zip(trace.axes(name), trace[name].shape, strict=True):
            if axis.endswith("token") and size > MAX_TOKENS:
                raise TensorFileError(f"a trace may have {MAX_TOKENS} tokens; {name} has {size}")
    for step in mechanism.steps:
        operands, result = [trace[name] for name in step.of], trace[step.name]
        plain = without_overrides(step.operation)
        shadow = plain.compute(*(operand.to("meta") for operand in operands))
        if (shadow.shape, shadow.dtype) != (result.shape, result.dtype):
            raise TensorFileError(
                f"{step.name} must be {shadow.dtype} of shape {tuple(shadow.shape)}; it is "
                f"{result.dtype} of shape {tuple(result.shape)}"
            )
        _require_places(plain, operands, result)
        if isinstance(step.operation, Overridden):
            step.operation.require_places(result)
        work += work_of(plain, *operands)
        try:
            require_few(step.name, work, MOST_WORK, "products")
        except TooMuchError as error:
            raise TensorFileError(str(error)) from None
        if not bool(result.isnan().any()):
            continue
        wrong = result.isnan() & ~mechanism.made(step, {n: trace[n] for n in step.of}).isnan()
        if bool(wrong.any()):
            cell = tuple(wrong.nonzero()[0].tolist())
            raise TensorFileError(f"{step.name} has NaN at {cell}, where a number must be")


def _require_input(trace: Trace, name: str) -> None:
    """Raise TensorFileError if an input is not what its mechanism takes."""
    mechanism, tensor = trace.mechanism, trace[name]
    n_axes = 3 if name in mechanism.per_head else 2
    kinds, kind = ((torch.bool,), "bool") if name in mechanism.masks else (FLOATS, "float")
    if tensor.ndim != n_axes or tensor.dtype not in kinds or not tensor.numel():
        raise TensorFileError(
            f"{name} must be {kind} with {n_axes} axes, not empty; it is {tensor.dtype} of shape "
            f"{tuple(tensor.shape)}"
        )
    if not mechanism.steps:
        return  # what a module recorded may be anything
    others = {trace[n].dtype for n in mechanism.inputs if n not in mechanism.masks}
    require(len(others) == 1, "its inputs have one dtype")
    if not bool(torch.isfinite(tensor).all()):
        cell = tuple((~torch.isfinite(tensor)).nonzero()[0].tolist())
        raise TensorFileError(f"{name} must be finite to be saved; it has {tensor[cell]} at {cell}")


def _require_places(operation: Operation, operands: list[Tensor], result: Tensor) -> None:
    """Raise ValueError if an operation reads cells that its operands do not have."""
    shapes = [tuple(operand.shape) for operand in operands]
    for cell in ((0,) * result.ndim, tuple(size - 1 for size in result.shape)):
        for pattern, shape in zip(operation.reads, shapes, strict=True):
            ranges = ranges_read(pattern, cell, shape)
            inside = all(found.stop <= size for found, size in zip(ranges, shape, strict=True))
            require(inside, "its steps read cells that exist")


def require(holds: bool, what: str) -> None:
    """Raise TensorFileError, saying what does not hold, if a trace lacks what it needs."""
    if not holds:
        raise TensorFileError(f"this trace is broken: it does not hold that {what}")
