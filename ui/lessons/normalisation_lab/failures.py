"""How ways of normalising fail on a row, as is to be expected of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core import Trace
from attention_core.numbers import plain
from ui.lessons.normalisation_lab.row import dtype_name


class Failure(NamedTuple):
    """An expected failure of a way of normalising, and which check it makes void."""

    text: str
    breaks_law: bool = False  # the row cannot sum to 1
    breaks_route: bool = False  # no second route can confirm what is only rounding


def fine(trace: Trace, name: str) -> str:
    """Return what to see where nothing failed."""
    total = float(trace[name].double().sum())
    if abs(total - 1) <= 1e-6:
        return "Together they make 1."
    return f"Together they make {plain(total)}: off by {dtype_name(trace[name])}'s rounding."


def failure(trace: Trace, name: str) -> Failure | None:
    """Return how a way fails on this row, as is to be expected of it, or None."""
    scores = trace["scaled"][0]
    if name == "by_sum":
        return _failure_by_sum(scores, trace[name][0])
    if name == "naive":
        return _failure_of_naive(scores, trace[name][0])
    return None


def _failure_by_sum(scores: Tensor, shares: Tensor) -> Failure | None:
    limits = torch.finfo(scores.dtype)
    exact = scores.double()
    total, size = math.fsum(exact.tolist()), float(exact.abs().sum())
    if abs(total) > limits.max and not bool(shares.any()):  # a sum just beyond rounds back
        text = f"As expected: the sum goes beyond {dtype_name(scores)}, so every share becomes 0."
        return Failure(text, breaks_law=True)
    if total == 0:
        text = (
            "As expected: the scores sum to 0, and nothing can be divided by 0 (blank: inf or NaN)."
        )
        return Failure(text, breaks_law=True, breaks_route=True)
    if abs(total) <= len(scores) * limits.eps * size:
        text = (
            "As expected: the scores cancel. What is left of their sum is only rounding, so these "
            "shares mean nothing, and no second route can confirm them."
        )
        return Failure(text, breaks_law=True, breaks_route=True)
    below, above = int((shares < 0).sum()), int((shares > 1).sum())
    if below or above:
        said = [f"{below} below 0"] * bool(below) + [f"{above} above 1"] * bool(above)
        text = (
            f"As expected with a negative score: {' and '.join(said)}. These are no shares, even "
            f"though they sum to {plain(round(float(shares.double().sum()), 4))}."
        )
        return Failure(text)
    return None


def _failure_of_naive(scores: Tensor, shares: Tensor) -> Failure | None:
    limits = torch.finfo(scores.dtype)
    kind, highest = dtype_name(scores), math.log(limits.max)
    n_nan = int(shares.isnan().sum())
    largest = float(scores.max())
    calm = " torch.softmax subtracts the largest score first: its exponents are at most 0."
    if largest > highest and n_nan:
        zeros = " The others are something / inf = 0." if n_nan < len(shares) else ""
        text = (
            f"As expected: {n_nan} NaN, shown blank. exp({plain(largest)}) is too large for {kind} "
            f"(from {highest:.2f} on), so it is inf, and inf / inf is NaN.{zeros}{calm}"
        )
        return Failure(text, breaks_law=True)
    if n_nan:
        lowest = math.log(limits.smallest_normal * limits.eps)
        text = (
            f"As expected: every exp is too small for {kind} (below about {lowest:.2f}), so it is "
            f"0, and 0 / 0 is NaN, shown blank.{calm}"
        )
        return Failure(text, breaks_law=True)
    if float(scores.double().exp().sum()) > limits.max and not bool(shares.any()):
        text = (
            f"As expected: each exp still fits {kind}, but their sum does not. It is inf, so "
            f"every share is something / inf = 0.{calm}"
        )
        return Failure(text, breaks_law=True)
    return None
