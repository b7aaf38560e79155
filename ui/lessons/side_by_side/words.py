"""What the page "Side by side" says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from attention_core import STACKED_HEADS, USUAL, Conventions
from attention_core.checks import distances, verdict
from attention_core.numbers import result_of
from attention_core.spread import spread_of
from ui.lab.lab import Lab
from ui.lessons.side_by_side.kinds import _weights_of, trace_of


def stacked_said(lab: Lab) -> str:
    """Return how far separate heads with the same weights are from the split ones, as Markdown."""
    split = trace_of(lab, "heads")
    given: dict[str, Any] = {
        name: tensor.reshape(len(tensor), lab.n_heads, -1).movedim(1, 0)
        for name, tensor in split.inputs.items()
        if name[:2] in ("w_", "b_") and not name.endswith("_out")
    }
    for name in [name for name in given if name.startswith("b_")]:
        given[name] = given[name].squeeze(1)
    stacked = STACKED_HEADS.run(split["inputs"], **given)
    allowed = 2 * spread_of(split, "weights")["weights"]  # both are the same sums
    off = distances(stacked["weights"], split["weights"])
    check = verdict("weights", "separate heads, stacked", off, allowed)
    same = "the same weights" if check.ok else ":red[**other weights**]"
    return (
        f"Separate heads, stacked, with the same columns of the matrices give {same}: "
        f"{check.numbers}. So they have no row of their own."
    )


def bounds_said(bounds: Sequence[float], conventions: Conventions = USUAL) -> str:
    """Return how large entropies can be.

    Example:
        >>> bounds_said([2.0, 2.0])
        'In bits: 0 where one token gets everything; at most log₂ 4 = 2.0000, where 4 get the same.'
    """
    least, most = min(bounds), max(bounds)
    n_least, n_most = (round(2**bound) for bound in (least, most))
    if most == 0:
        return "In bits: with a single token there is nothing to spread."
    if least == most:
        return (
            f"In bits: 0 where one token gets everything; at most log₂ {n_most} = "
            f"{result_of(most)}, where {n_most} get the same."
        )
    return conventions.say(
        "In bits: 0 where one token gets everything; at most log₂ of the tokens that a {row} may "
        "attend to, from log₂ {n_least} = {least} to log₂ {n_most} = {most}.",
        n_least=n_least,
        least=result_of(least),
        n_most=n_most,
        most=result_of(most),
    )


def entropy_said(bits: Tensor, rows: Sequence[str]) -> str:
    """Return which row spreads its attention most and which least.

    Example:
        >>> import torch
        >>> entropy_said(torch.tensor([0.5, 2.0]), ["to", "be"])
        'mean 1.2500 bits; most spread be, 2.0000; least to, 0.5000.'
    """
    flat = bits.detach().double().flatten()
    most, least = (int(place) % len(rows) for place in (flat.argmax(), flat.argmin()))
    return (
        f"mean {result_of(float(flat.mean()))} bits; most spread {rows[most]}, "
        f"{result_of(float(flat.max()))}; least {rows[least]}, {result_of(float(flat.min()))}."
    )


def self_or_cross(lab: Lab) -> str:
    """Return what "self" means, with the shapes on screen, as Markdown."""
    weights = trace_of(lab, "cross")["weights"]
    own, other = weights.shape
    bias = " and no biases" if "b_query" in _weights_of(lab) else ""
    return (
        f"**Self** means that one sentence asks itself: queries, keys and values are made of the "
        f"same {own} tokens, and the weights are {own} × {own}. In **cross**-attention they are "
        f"made of two: {own} queries of your sentence, {other} keys and values of the other, so "
        f"the weights are {own} × {other}. It is the same arithmetic with the same matrices{bias}. "
        "A Transformer's decoder asks the source sentence this way. A mask of the future would "
        "make no sense: no token of one sentence comes before one of the other."
    )
