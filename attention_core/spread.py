"""How far honest runs of the same mechanism may be apart, cell by cell, after all their steps.

One step's rounding is the next one's input. So a few runs in float64 are made whose every cell is
moved by all that its own rounding may do, up or down by chance; how far they scatter is how far
another computer, or torch's own fused attention, may be from the exact result.

Source:
    Vignes, "A stochastic arithmetic for reliable scientific computation", Mathematics and
    Computers in Simulation 35 (1993), which moves each result by chance in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from attention_core.checks import Check, allowed_of, distances, verdict
from attention_core.rounding import format_of
from attention_core.trace import Trace

RUNS = 4
MARGIN = 3.0  # times the furthest of so few runs
SEED = 1993

Values = dict[str, Tensor]
Made = Callable[[Mapping[str, Tensor]], Tensor]


class Spread:
    """What rounding in all steps together may do to each cell of a run, and to what is made of it.

    Args:
        trace: The run, in any number format. Only its inputs and its mechanism count.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> spread = Spread(SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)))
        >>> spread["weights"].shape, bool((spread["weights"] < 1e-5).all())
        (torch.Size([2, 2]), True)
    """

    @torch.no_grad()
    def __init__(self, trace: Trace) -> None:
        own: Values = {}
        self.exact = _made(trace, own, None)
        self._own = own
        self._moved = [_made(trace, own, number) for number in range(RUNS)]

    def __getitem__(self, name: str) -> Tensor:
        """Return how far each cell of a step may be from the exact one; 0 for an input."""
        if name not in self._own:
            return torch.zeros_like(self.exact[name])
        return self._widest(lambda values: values[name]) + self._own[name]

    def of(self, made: Made, rounding: Tensor | float = 0.0) -> Tensor:
        """Return the same for a value that is made of the run's.

        Args:
            made: What makes it of all values of the run, in float64.
            rounding: What its own arithmetic may be off by.
        """
        with torch.no_grad():
            return self._widest(made) + rounding

    def _widest(self, made: Made) -> Tensor:
        exact = made(self.exact)
        widest = torch.zeros_like(exact)
        for values in self._moved:  # infinitely far where only one of the two is a number
            widest = torch.maximum(widest, distances(made(values), exact))
        return widest * MARGIN


def _made(trace: Trace, own: Values, number: int | None) -> Values:
    """Return a run again in float64: exactly, leaving behind each cell's rounding, or moved by it.

    Args:
        trace: The run.
        own: What rounding may do to each step's cells; filled in an exact run.
        number: Which of the moved runs; None for the exact one.
    """
    values = {name: tensor.detach().double() for name, tensor in trace.inputs.items()}
    carried = carried_of(trace)
    for name in carried:
        values[name] = torch.zeros_like(trace[name], dtype=torch.float64)
    dice = torch.Generator().manual_seed(SEED + (number or 0))
    signs: Values = {}
    for _ in range(len(trace[carried[0]]) if carried else 1):
        for step in trace.mechanism.steps:
            kind = format_of(trace[step.name].dtype)
            operands = [values[name] for name in step.of]
            exact = step.operation.in_float64(*operands, largest=kind.largest)
            if number is None:
                own[step.name] = allowed_of(step.operation, operands, exact, kind)
            else:
                if step.name not in signs:
                    flips = torch.randint(0, 2, exact.shape, generator=dice, dtype=torch.float64)
                    signs[step.name] = flips * 2 - 1
                moved = exact + signs[step.name] * own[step.name]
                is_share = step.operation.kind == "weights"  # which no rounding makes negative
                exact = torch.where(exact >= 0, moved.clamp(min=0), moved) if is_share else moved
            values[step.name] = exact
    return values


def carried_of(trace: Trace) -> tuple[str, ...]:
    """Return the steps that a recurrent mechanism uses before it makes them; mostly none."""
    carried: tuple[str, ...] = getattr(trace.mechanism, "carried", ())
    return carried


def held_against(
    step: str, route: str, ours: Tensor, theirs: Tensor, allowed: Tensor, rows: Tensor | None = None
) -> Check | None:
    """Return the check of two results of whole runs.

    Args:
        step: What it is.
        route: What made the other one.
        ours: The one.
        theirs: The other.
        allowed: How far apart their cells may be.
        rows: Which rows count; None for all.

    Returns:
        The check; None if no row counts. Its route says so if some don't.
    """
    off, allowed = torch.broadcast_tensors(distances(ours, theirs), allowed)  # type: ignore[no-untyped-call]
    if rows is not None and not bool(rows.all()):
        if not bool(rows.any()):
            return None
        off, allowed, route = off[rows], allowed[rows], f"{route}, where it is a number"
    return verdict(step, route, off, allowed)
