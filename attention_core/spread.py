"""How far honest runs of the same mechanism may be apart, cell by cell, after all their steps.

One step's rounding is the next one's input. So a few runs in float64 are made whose every cell is
moved by all that its own rounding may do, up or down by chance; in two of them scores are moved
against the largest, and towards it. How far they scatter is how far another computer, or torch's
own fused attention, may be from the exact result.

Source:
    Vignes, "A stochastic arithmetic for reliable scientific computation", Mathematics and
    Computers in Simulation 35 (1993), which moves each result by chance in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from attention_core.checks import Check, allowed_of, distances, verdict
from attention_core.large_spread import is_large, large_spread
from attention_core.mechanism import Trace
from attention_core.operations import Softmax
from attention_core.operations.overriding import without_overrides
from attention_core.rounding import HALVES, Format, format_of
from attention_core.step import Step

RUNS = 4
MARGIN = 1.5  # times the furthest of so few runs, in which each cell is off by all it may be
MARGIN_OF_HALVES = 4.0  # the same where one rounding is all of that, and mostly happens
SEED = 1993
_CHANCES = 4099  # signs drawn by chance, used again and again: a prime, so that no row has the same
LARGE = 0.5  # what rounding may do to a score, above which the shares it makes are uncertain
NEGLIGIBLE = 30.0  # so far below the largest score a token gets nothing to speak of

Values = dict[str, Tensor]
Change = Callable[[Step, list[Tensor], Tensor], Tensor]
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
        rounding: Values = {}
        is_half = any(trace[step.name].dtype in HALVES for step in trace.mechanism.steps)
        self._margin = MARGIN_OF_HALVES if is_half else MARGIN

        def leave(step: Step, operands: list[Tensor], exact: Tensor) -> Tensor:
            rounding[step.name] = allowed_of(
                step.operation, operands, exact, _format_in(trace, step)
            )
            return exact

        self.exact = _recomputed(trace, leave)
        self._rounding = rounding
        self._moved_runs = [
            _recomputed(trace, _move_by(self.exact, rounding, number)) for number in range(RUNS)
        ]
        self._undecided_rows: Values = {}
        self._undecided_rows = self._rows_that_rounding_decides(trace)

    def __getitem__(self, name: str) -> Tensor:
        """Return how far each cell of a step may be from the exact one; 0 for an input."""
        if name not in self._rounding:
            return torch.zeros_like(self.exact[name])
        spread = self._widest(lambda values: values[name]) + self._rounding[name]
        rows = self._undecided_rows.get(name)
        if rows is not None:
            spread = torch.where(rows.unsqueeze(-1), torch.inf, spread)
        return spread

    def of(self, made: Made, rounding: Tensor | float = 0.0) -> Tensor:
        """Return what rounding may do to a value that is made of the run's values.

        Args:
            made: What makes it of all values of the run, in float64.
            rounding: What its arithmetic may be off by.
        """
        with torch.no_grad():
            return self._widest(made) + rounding

    def _rows_that_rounding_decides(self, trace: Trace) -> Values:
        """Return the rows of each step in which it is up to rounding which score wins.

        There a softmax may be anything, and so may what is made of it.
        """
        found: Values = {}
        for step in trace.mechanism.steps:
            operation = without_overrides(step.operation)
            if isinstance(operation, Softmax) and operation.dim == -1:
                scores, off = self.exact[step.of[0]], self[step.of[0]]
                low = (scores - off).amax(dim=-1, keepdim=True) - NEGLIGIBLE
                in_reach = (scores + off >= low) & scores.isfinite()
                uncertain = torch.where(in_reach, off, 0.0).amax(dim=-1)
                rows = (in_reach.sum(dim=-1) > 1) & (uncertain > LARGE)
                if bool(rows.any()):
                    found[step.name] = rows
            shape = self.exact[step.name].shape[:-1]
            for rows in [found[name] for name in step.of if name in found]:
                if rows.shape == shape:
                    found[step.name] = rows | found.get(step.name, torch.zeros_like(rows))
                elif rows[0].shape == shape:  # the heads were joined
                    found[step.name] = rows.any(dim=0)
        return found

    def _widest(self, made: Made) -> Tensor:
        exact = made(self.exact)
        widest = torch.zeros_like(exact)
        for values in self._moved_runs:  # infinitely far where only one of the two is a number
            widest = torch.maximum(widest, distances(made(values), exact))
        return widest * self._margin


def _recomputed(trace: Trace, change: Change) -> Values:
    """Return a run again in float64, each result as ``change`` returns it."""
    values = {name: tensor.detach().double() for name, tensor in trace.inputs.items()}
    carried = carried_of(trace)
    for name in carried:
        values[name] = torch.zeros_like(trace[name], dtype=torch.float64)
    for _ in range(len(trace[carried[0]]) if carried else 1):
        for step in trace.mechanism.steps:
            operands = [values[name] for name in step.of]
            largest = _format_in(trace, step).largest
            exact = step.operation.in_float64(*operands, largest=largest)
            values[step.name] = change(step, operands, exact)
    return values


def _format_in(trace: Trace, step: Step) -> Format:
    return format_of(trace[step.name].dtype)


def _move_by(exact: Values, rounding: Values, number: int) -> Change:
    """Return what moves each cell by its rounding, by chance, and in the first two runs on purpose.

    Where scores are so large that their rounding decides which one wins, chance alone would often
    miss it: so in run 0 they are moved against the winner, and in run 1 towards it, until they are
    equal if they can be. No rounding makes a share negative.
    """
    chance = torch.randint(
        0, 2, (_CHANCES,), generator=torch.Generator().manual_seed(SEED + number)
    )
    chance = chance.double() * 2 - 1
    weights = exact.get("weights")
    wins = None if weights is None else weights == weights.amax(dim=-1, keepdim=True)
    against = torch.where(wins, -1.0, 1.0).double() if wins is not None and number == 0 else None

    def move(step: Step, operands: list[Tensor], made: Tensor) -> Tensor:
        kind, off = step.operation.kind, rounding[step.name]
        if not bool(off.any()):
            return made  # it was copied
        if kind == "scores" and wins is not None and wins.shape == made.shape and number < 2:
            if against is not None:
                return torch.addcmul(made, against, off)
            best = torch.where(wins, made, -torch.inf).amax(dim=-1, keepdim=True)
            return made + (best - made).nan_to_num(nan=0.0).clamp(-off, off)
        # The same signs whenever a recurrent step is made again.
        times = 1 + made.numel() // _CHANCES
        signs = chance.repeat(times)[: made.numel()].view(made.shape)
        moved = torch.addcmul(made, signs, off)
        if kind == "weights" and bool((made >= 0).all()):
            return torch.where(made == 0, off, moved.clamp_(min=0.0))
        return moved

    return move


def carried_of(trace: Trace) -> tuple[str, ...]:
    """Return the steps that a recurrent mechanism uses before it makes them; mostly none."""
    carried: tuple[str, ...] = getattr(trace.mechanism, "carried", ())
    return carried


def spread_of(trace: Trace, *names: str) -> dict[str, Tensor]:
    """Return how far rounding may take each cell of some steps, whatever the size of the run.

    Args:
        trace: The run.
        *names: The steps; none for all.
    """
    found: Spread | Values = large_spread(trace) if is_large(trace) else Spread(trace)
    return {name: found[name] for name in names or trace.steps}


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
