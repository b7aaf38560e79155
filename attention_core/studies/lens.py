"""The gradient lens: by how much one cell answers to a small change of each input number."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from attention_core.checks import SAMPLE_SEED, Check, verdict
from attention_core.mechanism import Trace
from attention_core.operations import Index, cells_read
from attention_core.tensors import require_cell

Place = tuple[str, Index]  # an input and its cell

ALL_CELLS = 128  # input cells; above it the differences check a sample
SAMPLE = 24
STEP = 2.0**-100  # its square is nothing beside 1, so that only rounding is left
ROUGH = 2.0**-24  # of a number, by which every operation of a rough run is off
ROUGH_RUNS = 8
SAFE = 64  # times what the rough runs show


def sensitivity(trace: Trace, name: str, index: Index) -> dict[str, Tensor]:
    """Return the derivative of one cell with respect to every numeric input cell, by autograd.

    It is of the run repeated in float64, whatever the dtype of the trace.

    Args:
        trace: A run.
        name: A step or an input.
        index: The cell, 0-based, one index per axis.

    Returns:
        For each input that is no mask, a tensor of its shape in float64: 0 where the cell does not
        depend on it.

    Raises:
        KeyError: If there is no such value.
        IndexError: If it has no such cell.
        ValueError: If the cell or a derivative is not finite.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[1.0, 2.0], [3.0, 5.0]]))
        >>> sensitivity(trace, "scores", (0, 1))["inputs"]  # 1·3 + 2·5
        tensor([[3., 5.],
                [1., 2.]], dtype=torch.float64)
    """
    require_cell(name, trace[name], index)
    found, value = _by_autograd(trace, _in_float64(trace), name, index)
    _require_finite_cell(name, index, value)
    if not _all_finite(found):
        spoiled = next(key for key, tensor in found.items() if not bool(tensor.isfinite().all()))
        raise ValueError(
            f"the derivative of {name}{list(index)} with respect to {spoiled} is not finite; "
            "choose another cell, or smaller numbers"
        )
    return found


def check_sensitivity(found: Mapping[str, Tensor], trace: Trace, name: str, index: Index) -> Check:
    """Return whether derivatives agree with the complex step, each by itself.

    The run is made again with ``x + h·i`` in place of a number ``x``: the imaginary part of the
    cell is ``h`` times its derivative. Nothing is subtracted, so ``h`` may be as small as one
    likes, and all that is left is rounding. How much of it there is, in each derivative, is seen
    from runs in float32 on numbers that its rounding cannot tell from these.

    Args:
        found: What ``sensitivity`` returned, or what is to be checked in its place.
        trace: As for ``sensitivity``, and so are the others. Its operations must be written in
            functions that torch has for complex numbers, too, and that are smooth.
        name: A step or an input.
        index: The cell.

    Returns:
        The verdict on all input cells, or, above 128, on 24 seeded ones, as the route says.

    Raises:
        ValueError: If there is a derivative for something else than the numeric inputs, or one is
            missing.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[1.0, 2.0], [3.0, 5.0]]))
        >>> found = sensitivity(trace, "context", (0, 1))
        >>> check_sensitivity(found, trace, "context", (0, 1)).ok
        True

    Source:
        Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions",
        SIAM Review 40 (1998); Martins, Sturdza, Alonso, "The Complex-Step Derivative
        Approximation", ACM Transactions on Mathematical Software 29 (2003).
    """
    inputs = _in_float64(trace)
    numeric = {key: tensor for key, tensor in inputs.items() if tensor.is_floating_point()}
    if {key: t.shape for key, t in found.items()} != {key: t.shape for key, t in numeric.items()}:
        expected = ", ".join(f"{key} {tuple(tensor.shape)}" for key, tensor in numeric.items())
        came = ", ".join(f"{key} {tuple(tensor.shape)}" for key, tensor in found.items())
        raise ValueError(f"expected the derivatives for {expected}; got {came or 'none'}")
    cells = [(key, at) for key, tensor in numeric.items() for at in _every_cell(tensor)]
    route = "the complex step"
    if len(cells) > ALL_CELLS:
        cells = random.Random(SAMPLE_SEED).sample(cells, SAMPLE)
        route = f"{route}, {SAMPLE} seeded cells of {sum(t.numel() for t in numeric.values()):,}"
    again = _by_complex_step(trace, inputs, cells, name, index)
    off = (_picked(found, cells) - again).abs()
    return verdict(name, route, off, _allowed(trace, inputs, cells, name, index, again))


def _by_complex_step(
    trace: Trace, inputs: Mapping[str, Tensor], cells: Sequence[Place], name: str, index: Index
) -> Tensor:
    """Return the derivative by each of some input cells, in float64."""
    numeric = {key: inputs[key] for key, _ in cells}
    size = max(1.0, *(float(tensor.abs().max()) for tensor in numeric.values()))
    step, slopes = STEP / size, []
    complex_ = {
        key: tensor.to(torch.complex128) if tensor.is_floating_point() else tensor
        for key, tensor in inputs.items()
    }
    with torch.no_grad(), _ComplexSoftmax():
        for key, at in cells:
            moved = complex_[key].clone()
            moved[at] += 1j * step
            values = trace.mechanism.computed({**complex_, key: moved})
            slopes.append(float(values[name][index].imag) / step)
    return torch.tensor(slopes, dtype=torch.float64)


def _allowed(
    trace: Trace,
    inputs: Mapping[str, Tensor],
    cells: Sequence[Place],
    name: str,
    index: Index,
    slopes: Tensor,
) -> Tensor:
    """Return how far rounding may take each derivative, by what a rougher one does to it."""
    off = torch.zeros_like(slopes)
    dice = torch.Generator().manual_seed(SAMPLE_SEED)
    for _ in range(ROUGH_RUNS):
        near = {key: _roughly(tensor, dice) for key, tensor in inputs.items()}
        with _RoughArithmetic(dice):
            rough, _ = _by_autograd(trace, near, name, index)
        off = torch.maximum(off, (_picked(rough, cells) - slopes).abs())
    unit = torch.finfo(torch.float64).eps / 2
    return SAFE * unit * (off / ROUGH + slopes.abs())


def _roughly(tensor: Tensor, dice: torch.Generator) -> Tensor:
    """Return numbers, each off by chance as if it had been rounded."""
    if not tensor.is_floating_point():
        return tensor
    nudge = torch.rand(tensor.shape, generator=dice, dtype=tensor.dtype)
    return tensor * (1 + ROUGH * (2 * nudge - 1))


class _RoughArithmetic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Arithmetic of which every result is off by chance, forwards and backwards.

    Source:
        Parker, "Monte Carlo Arithmetic", UCLA (1997).
    """

    def __init__(self, dice: torch.Generator) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dice = dice

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        is_new = isinstance(result, Tensor) and not func.is_view
        return _roughly(result, self.dice) if is_new else result


def _picked(tensors: Mapping[str, Tensor], cells: Sequence[Place]) -> Tensor:
    return torch.tensor([float(tensors[key][at]) for key, at in cells], dtype=torch.float64)


class _ComplexSoftmax(TorchFunctionMode):
    """The softmax of complex numbers, which torch does not have."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not torch.softmax:
            return func(*args, **(kwargs or {}))
        scores, dim = args[0], (kwargs or {})["dim"]
        powers = torch.exp(scores - scores.real.amax(dim=dim, keepdim=True))
        return powers / powers.sum(dim=dim, keepdim=True)


def _in_float64(trace: Trace) -> dict[str, Tensor]:
    """Return copies of a run's inputs, its numbers in float64 and its masks as they are."""
    return {
        key: tensor.clone() if key in trace.mechanism.masks else tensor.detach().clone().double()
        for key, tensor in trace.inputs.items()
    }


def _by_autograd(
    trace: Trace, inputs: dict[str, Tensor], name: str, index: Index
) -> tuple[dict[str, Tensor], float]:
    """Return the derivatives of a cell of a run repeated, and the cell itself."""
    leaves = {key: tensor for key, tensor in inputs.items() if tensor.is_floating_point()}
    for leaf in leaves.values():
        leaf.requires_grad_()
    with torch.enable_grad():
        cell = trace.mechanism.computed(inputs)[name][index]
        found = _derivatives(cell, leaves)
        if not _all_finite(found):
            # 0 · NaN is NaN: a query that may attend to nothing spoils the derivatives of others.
            found = _derivatives(_apart_from_the_rest(trace, inputs, name, index), leaves)
    return found, float(cell.detach())


def _derivatives(cell: Tensor, leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what autograd says, 0 for what the cell does not depend on."""
    if not cell.requires_grad:  # one's own number depends on nothing
        return {key: torch.zeros_like(leaf) for key, leaf in leaves.items()}
    found = torch.autograd.grad(cell, list(leaves.values()), allow_unused=True)
    return {
        key: torch.zeros_like(leaf) if one is None else one
        for (key, leaf), one in zip(leaves.items(), found, strict=True)
    }


def _all_finite(tensors: Mapping[str, Tensor]) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in tensors.values())


def _apart_from_the_rest(
    trace: Trace, inputs: Mapping[str, Tensor], name: str, index: Index
) -> Tensor:
    """Return the cell again, of a run in which what it is not made of is left at 0."""
    needed: dict[str, set[Index]] = {name: {index}}
    for step in reversed(trace.mechanism.steps):
        for cell in needed.get(step.name, ()):
            for operand, pattern in zip(step.of, step.operation.reads, strict=True):
                read = cells_read(pattern, cell, tuple(trace[operand].shape))
                needed.setdefault(operand, set()).update(read)
    values = {key: _only(tensor, needed.get(key, set())) for key, tensor in inputs.items()}
    for step in trace.mechanism.steps:
        if step.name in needed:
            made = step.operation.compute(*(values[operand] for operand in step.of))
            values[step.name] = _only(made, needed[step.name])
    return values[name][index]


def _only(tensor: Tensor, cells: set[Index]) -> Tensor:
    """Return a tensor with 0 in all but some of its cells; a mask as it is."""
    if tensor.dtype == torch.bool:
        return tensor
    kept = torch.zeros(tensor.shape, dtype=torch.bool)
    if cells:
        kept[tuple(torch.tensor(axis) for axis in zip(*cells, strict=True))] = True
    return torch.where(kept, tensor, 0.0)


def _every_cell(tensor: Tensor) -> list[Index]:
    return [tuple(cell) for cell in torch.ones(tensor.shape).nonzero().tolist()]


def _require_finite_cell(name: str, index: Index, value: float) -> None:
    if value - value != 0:
        raise ValueError(
            f"{name}{list(index)} is {value}: it has no derivative; choose a cell with a finite "
            "number"
        )
