"""How far another computer's result of a step may honestly be from ours, cell by cell."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.export.shown import Derived
from attention_core.mechanism import Trace
from attention_core.spread import Spread, spread_of


def tolerances(trace: Trace) -> dict[str, Tensor]:
    """Return for each step how far an honest run on another computer may be off.

    Both runs may be that far from the exact one, each to its own side.

    Returns:
        Amounts in float64, of each step's shape: infinite where nothing can be compared.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> found = tolerances(SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)))
        >>> {name: f"{float(most.max()):.0g}" for name, most in found.items()}
        {'scores': '9e-07', 'weights': '3e-06', 'context': '2e-06'}
    """
    spread = spread_of(trace)
    return {name: 2 * off + _bottom(trace[name].dtype) for name, off in spread.items()}


def _bottom(dtype: torch.dtype) -> float:
    """Return below what some computers have only 0; not of float16, which is small all along."""
    return 0.0 if dtype == torch.float16 else torch.finfo(dtype).tiny


def of_derived(derived: Derived, trace: Trace) -> Tensor:
    """Return how far a value that is made of a run may be off on another computer."""
    rounding = torch.as_tensor(derived.rounding, dtype=torch.float64).expand(derived.tensor.shape)
    if derived.made is None:
        return rounding
    return 2 * Spread(trace).of(derived.made, rounding)
