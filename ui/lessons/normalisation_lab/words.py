"""What the page "Normalisation lab" says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core import Trace, normalisations
from attention_core.numbers import plain, result_of
from attention_core.studies.gradients import softmax_jacobian
from ui.lab.lab import Lab
from ui.lessons.normalisation_lab.choices import NormalisationChoices
from ui.lessons.normalisation_lab.row import TEMPERATURES, dtype_name

SATURATED = 0.01  # answering less than this, with one weight as close to 1, it hardly learns


def sum_text(shares: Tensor) -> str:
    """Return what shares really sum to, added up in float64.

    Example:
        >>> sum_text(torch.tensor([[0.5, 0.498]])), sum_text(torch.tensor([[torch.nan]]))
        ('0.998000', 'NaN')
    """
    total = float(shares.double().sum())
    if math.isnan(total):
        return "NaN"
    return f"{total:.6f}" if abs(total) < 1e6 else f"{total:.4g}"


def rounding_said(trace: Trace) -> str:
    """Return how far the softmax row is from 1 in the dtype on screen, as Markdown."""
    weights = trace["weights"]
    off = abs(float(weights.double().sum()) - 1)
    bits = -math.log2(torch.finfo(weights.dtype).eps)
    within = f"within {off:.1g}" if off else "exactly"
    return (
        f"In {dtype_name(weights)} a number has {bits + 1:.0f} binary digits, so each weight is "
        f"rounded a little, and your softmax weights sum to 1 {within}. In the short "
        "formats below, sums (Σ) may miss 1 visibly: that is rounding, not a mistake. Above the "
        "score in the third column, exp is too large for the format."
    )


def strongest(jacobian: Tensor, keys: Sequence[str]) -> str:
    """Return the strongest answer of a weight to a score."""
    at = divmod(int(jacobian.abs().argmax()), len(keys))
    value = result_of(float(jacobian[at]))
    return f"strongest {value}: the weight of {keys[at[0]]}, per unit of the score of {keys[at[1]]}"


def jacobian_said(jacobian: Tensor, lab: Lab) -> str:
    """Return what the Jacobian says about the row, as Markdown."""
    if len(jacobian) == 1:
        return "A single weight is always 1, whatever its score: its gradient is 0."
    row = torch.tensor([lab.of(NormalisationChoices).row_scores], dtype=torch.float64)
    largest = float(
        normalisations(lab.of(NormalisationChoices).temperature).run(scores=row)["weights"].max()
    )
    sums = float(jacobian.sum(dim=1).abs().max())
    peak = float(jacobian.abs().max())
    lines = [
        "- **Raising one score takes from all others**: no entry of the diagonal is below 0, and "
        "no other is above 0.",
        f"- **Each row and each column sums to 0** (here within {sums:.1g}): what one weight "
        "gains, the others lose.",
    ]
    if _is_saturated(peak, largest):
        lines.append(
            f"- **Almost nothing moves**: one weight is {result_of(largest)}, and the strongest "
            f"entry is {result_of(peak)}. Gradients this small teach a model next to nothing: "
            "that is why attention scales its scores."
        )
    else:
        lines.append(
            f"- The largest weight is {result_of(largest)}, the strongest entry {result_of(peak)}."
        )
    return "\n".join([*lines, _temperature_said(lab)])


def _is_saturated(peak: float, largest: float) -> bool:
    """Return whether one weight has nearly everything, and hardly answers to any score."""
    return peak < SATURATED and largest > 1 - SATURATED


def _temperature_said(lab: Lab) -> str:
    """Return what the temperature does to the entries, in general and on this row."""
    at = {temperature: _strength_at(lab, temperature) for temperature in TEMPERATURES}
    best = max(TEMPERATURES, key=lambda temperature: at[temperature].peak)
    lowest, (peak, largest) = plain(TEMPERATURES[0]), at[TEMPERATURES[0]]
    if at[best].peak < SATURATED:
        here = (
            "On this row one score leads so far that no temperature here brings the entries back: "
            f"the strongest is {result_of(at[best].peak)}, at {plain(best)}."
        )
    elif best == TEMPERATURES[0]:
        here = (
            f"On this row no score leads clearly enough: even at {lowest} the largest weight is "
            f"{result_of(largest)}, and the strongest entry {result_of(peak)}."
        )
    else:
        here = (
            f"On this row the strongest entry is {result_of(at[best].peak)} at {plain(best)}, more "
            f"than at any other temperature here; at {lowest} it is {result_of(peak)}, with a "
            f"largest weight of {result_of(largest)}."
        )
    return (
        "- **What the temperature does**: each entry is a product of weights, divided by the "
        "temperature. A lower one divides by less. But where one score leads, it also drives one "
        "weight to 1 and the others to 0, and every product with them: then learning stalls. "
        f"{here}"
    )


class _Strength(NamedTuple):
    """The strongest entry of a row's Jacobian at a temperature, and the largest weight there."""

    peak: float
    largest: float


def _strength_at(lab: Lab, temperature: float) -> _Strength:
    row = torch.tensor(lab.of(NormalisationChoices).row_scores, dtype=torch.float64)
    peak = float(softmax_jacobian(row, temperature).abs().max())
    return _Strength(peak, float(torch.softmax(row / temperature, dim=-1).max()))
