"""The gradient lens: by how much one cell answers to a small change of each input number."""

from __future__ import annotations

import random
from collections.abc import Mapping

import torch
from torch import Tensor

from attention_core.checks import SAMPLE_SEED, Check
from attention_core.operations import Index, cells_read
from attention_core.trace import Trace, require_cell

ALL_CELLS = 128  # input cells; above it the differences check a sample
SAMPLE = 24
STEP = 1e-4  # of an input: its fourth power is small for the curvature, itself large for rounding
TOLERANCE = 1e-6  # relative to the largest derivative


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
    inputs = _in_float64(trace)
    leaves = {key: tensor for key, tensor in inputs.items() if tensor.is_floating_point()}
    for leaf in leaves.values():
        leaf.requires_grad_()
    with torch.enable_grad():
        cell = trace.mechanism.run(**inputs)[name][index]
        _require_finite_cell(name, index, float(cell.detach()))
        found = _derivatives(cell, leaves)
        if not _all_finite(found):
            # 0 · NaN is NaN: a query that may attend to nothing spoils the derivatives of others.
            found = _derivatives(_apart_from_the_rest(trace, inputs, name, index), leaves)
    if not _all_finite(found):
        spoiled = next(key for key, tensor in found.items() if not bool(tensor.isfinite().all()))
        raise ValueError(
            f"the derivative of {name}{list(index)} with respect to {spoiled} is not finite; "
            "choose another cell, or smaller numbers"
        )
    return found


def check_sensitivity(found: Mapping[str, Tensor], trace: Trace, name: str, index: Index) -> Check:
    """Return whether derivatives agree with what happens when each input is nudged up and down.

    Args:
        found: What ``sensitivity`` returned, or what is to be checked in its place.
        trace: As for ``sensitivity``, and so are the others.
        name: A step or an input.
        index: The cell.

    Returns:
        The largest difference to central finite differences in float64, of two sizes combined
        so that their error shrinks with the fourth power. Of all input cells, or, above 128, of
        24 seeded ones, as the route says.

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
        Press et al., "Numerical Recipes" (2007), section 5.7, "Numerical Derivatives".
    """
    inputs = _in_float64(trace)
    numeric = {key: tensor for key, tensor in inputs.items() if tensor.is_floating_point()}
    if {key: t.shape for key, t in found.items()} != {key: t.shape for key, t in numeric.items()}:
        expected = ", ".join(f"{key} {tuple(tensor.shape)}" for key, tensor in numeric.items())
        came = ", ".join(f"{key} {tuple(tensor.shape)}" for key, tensor in found.items())
        raise ValueError(f"expected the derivatives for {expected}; got {came or 'none'}")
    cells = [(key, at) for key, tensor in numeric.items() for at in _every_cell(tensor)]
    route = "finite differences"
    if len(cells) > ALL_CELLS:
        cells = random.Random(SAMPLE_SEED).sample(cells, SAMPLE)
        route = f"{route}, {SAMPLE} seeded cells of {sum(t.numel() for t in numeric.values()):,}"
    worst = 0.0
    with torch.no_grad():
        for key, at in cells:
            off = abs(
                float(found[key][at]) - _difference_quotient(trace, inputs, key, at, name, index)
            )
            worst = off if off != off else max(worst, off)
    largest = max(float(tensor.abs().max()) for tensor in found.values())
    tolerance = TOLERANCE * max(1.0, largest)
    return Check(name, route, worst, tolerance, worst / tolerance, worst <= tolerance)


def _in_float64(trace: Trace) -> dict[str, Tensor]:
    """Return copies of a run's inputs, its numbers in float64 and its masks as they are."""
    return {
        key: tensor.clone() if key in trace.mechanism.masks else tensor.detach().clone().double()
        for key, tensor in trace.inputs.items()
    }


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


def _difference_quotient(
    trace: Trace, inputs: Mapping[str, Tensor], key: str, at: Index, name: str, index: Index
) -> float:
    """Return (f(x + h) - f(x - h)) / 2h of two step sizes, combined by Richardson."""
    wide, narrow = (
        _quotient(trace, inputs, key, at, name, index, size) for size in (STEP, STEP / 2)
    )
    return (4 * narrow - wide) / 3


def _quotient(
    trace: Trace,
    inputs: Mapping[str, Tensor],
    key: str,
    at: Index,
    name: str,
    index: Index,
    size: float,
) -> float:
    size *= max(1.0, abs(float(inputs[key][at])))
    results, positions = [], []
    for moved in (size, -size):
        nudged = inputs[key].clone()
        nudged[at] += moved
        positions.append(float(nudged[at]))  # as far as float64 lets it move
        results.append(float(trace.mechanism.run(**{**inputs, key: nudged})[name][index]))
    return (results[0] - results[1]) / (positions[0] - positions[1])


def _every_cell(tensor: Tensor) -> list[Index]:
    return [tuple(cell) for cell in torch.ones(tensor.shape).nonzero().tolist()]


def _require_finite_cell(name: str, index: Index, value: float) -> None:
    if value - value != 0:
        raise ValueError(
            f"{name}{list(index)} is {value}: it has no derivative; choose a cell with a finite "
            "number"
        )
