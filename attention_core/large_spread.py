"""How far rounding may take the cells of a large run: one bound for each query.

``spread`` makes a run several times over, for which many tokens and heads leave no room. Here a
query's scores share one bound, made of lengths: what follows from it costs one more product of
weights and values. It is wider than the other, and each cell still has its own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.checks import allowed_of
from attention_core.mechanism import Trace
from attention_core.operations import DivideBy, MultiplyBy
from attention_core.operations.overriding import without_overrides
from attention_core.operations.products import length
from attention_core.rounding import format_of

MANY = 200_000  # cells of a run, above which it is large
EXPONENTS = 128  # rounding errors of the smallest weight's exponent, and of the exponential
UNCERTAIN = 0.5  # what rounding may do to a score, above which the shares are anybody's guess
KNOWN = {
    *("queries", "keys", "values", "shared_keys", "shared_values", "scores", "scaled", "biased"),
    *("masked", "weights", "dropped", "context", "concatenated", "output"),
}


def is_large(trace: Trace) -> bool:
    """Return whether a run is large, and one of those whose steps are known here."""
    names = {*trace.steps}
    cells = sum(trace[name].numel() for name in names)
    return cells > MANY and names <= KNOWN and {"scores", "weights", "context"} <= names


def step_rounding(trace: Trace, name: str) -> Tensor:
    """Return what rounding may do to each cell of one step of a run, made of its operands."""
    step, kind = trace.mechanism.step(name), format_of(trace[name].dtype)
    with torch.no_grad():
        wide = [trace[of].double() for of in step.of]
        exact = step.operation.in_float64(*wide, largest=kind.largest)
        return allowed_of(step.operation, wide, exact, kind)


@torch.no_grad()
def large_spread(trace: Trace) -> dict[str, Tensor]:
    """Return how far each cell of each step may be from the exact one, by name.

    Args:
        trace: A large run of dot-product attention, with heads or without.

    Source:
        Higham, "Accuracy and Stability of Numerical Algorithms" (2002), sections 3.1 and 3.5.
    """
    kind = format_of(trace["scores"].dtype)
    asking, asked = trace.mechanism.step("scores").of
    mixing, given = trace.mechanism.step("context").of
    sides = {name: trace[name].double() for name in (asking, asked, given)}
    made = [name for name in trace.steps if name in {*sides, "keys", "values"}]
    found = {name: step_rounding(trace, name) for name in made}
    off = {name: found.get(name, torch.zeros_like(side)) for name, side in sides.items()}
    queries, keys = length(sides[asking], -1), _longest(sides[asked])
    off_queries, off_keys = length(off[asking], -1), _longest(off[asked])
    n_keys, d_k = sides[asked].shape[-2:]
    product = queries * keys  # no score of the query is larger, (…, n_queries, 1)
    moved = off_queries * keys + queries * off_keys + off_queries * off_keys
    moved = moved + product * (d_k * kind.unit_in_sums + kind.unit) + d_k * kind.step_in_sums
    found["scores"] = moved.expand(trace["scores"].shape)
    for name in ("scaled", "biased", "masked"):
        if name in trace.steps:
            finite = trace[name].double().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
            moved = moved * _factor(trace, name)
            if name != "masked":
                moved = moved + 3 * kind.once(finite.abs().amax(dim=-1, keepdim=True))
            found[name] = moved.expand(trace[name].shape)
    share = torch.expm1(2 * moved) + 2 * kind.unit + (n_keys + EXPONENTS) * kind.unit_in_sums
    share = torch.where(moved > UNCERTAIN, torch.inf, share)
    found["weights"] = _shares(trace["weights"], share) + 2 * kind.step
    if "dropped" in trace.steps:
        found["dropped"] = _shares(trace["dropped"], share + 3 * kind.unit) + 2 * kind.step
    mixed = trace[mixing].double().abs()
    size = mixed @ sides[given].abs()
    context = _shares(size, share + (n_keys + 4) * kind.unit_in_sums + kind.unit)
    found["context"] = context + mixed @ off[given] + n_keys * (kind.step + kind.step_in_sums)
    if "concatenated" in trace.steps:
        found["concatenated"] = found["context"].transpose(0, 1).flatten(1)
    if "output" in trace.steps:
        of = trace.mechanism.step("output").of
        before, w_out = found[of[0]], trace[of[1]].double().abs()
        infinite = before.isinf().any(dim=-1, keepdim=True)
        passed_on = torch.where(before.isinf(), 0.0, before) @ w_out
        passed_on = torch.where(infinite, torch.inf, passed_on)
        found["output"] = passed_on + step_rounding(trace, "output")
    return found


def _longest(rows: Tensor) -> Tensor:
    return length(rows, -1).amax(dim=-2, keepdim=True)


def _factor(trace: Trace, name: str) -> float:
    """Return what a step multiplies scores by."""
    operation = without_overrides(trace.mechanism.step(name).operation)
    if isinstance(operation, DivideBy):
        return 1 / abs(operation.divisor)
    return abs(operation.by) if isinstance(operation, MultiplyBy) else 1.0


def _shares(numbers: Tensor, share: Tensor) -> Tensor:
    """Return a share of each number, infinite where it is, also of 0."""
    part = numbers.double().nan_to_num(nan=0.0).abs() * torch.where(share.isinf(), 0.0, share)
    return torch.where(share.isinf(), torch.inf, part)
