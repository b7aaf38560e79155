"""The runs of "Causal attention": the mask used in two ways, and those that show what leaks."""

from __future__ import annotations

import torch

from attention_core import CAUSAL_SELF_ATTENTION, RENORMALISED_SELF_ATTENTION, Trace
from ui.cards import overriding
from ui.cards.mask import inputs_of, mask_of, preset_mask
from ui.lab.lab import Lab
from ui.lessons.causal_attention.choices import CausalChoices

MASK, STORED_AS = "figures:mask", "causal"


def plain_of(lab: Lab) -> Trace:
    """Return the run with −∞ before the softmax."""
    return CAUSAL_SELF_ATTENTION.run(**inputs_of(lab))


def trace_of(lab: Lab) -> Trace:
    """Return the same with the numbers that the user put into its steps."""
    return overriding.applied(plain_of(lab), lab, STORED_AS)


def renormalised_of(lab: Lab) -> Trace:
    """Return the run with 0 after the softmax, and each row divided by what is left of it."""
    return RENORMALISED_SELF_ATTENTION.run(**inputs_of(lab))


def leak_index(lab: Lab) -> int:
    """Return the token that the leak detector changes: as was chosen, or the one a mask opens."""
    if lab.of(CausalChoices).leak_token >= 0:
        return min(lab.of(CausalChoices).leak_token, len(lab.tokens) - 1)
    return opened_early(lab)


def opened_early(lab: Lab) -> int:
    """Return the token that a mask lets an earlier one see; the last one if there is none.

    Of several it is the one of the cell that was just painted, of other painted cells the last one,
    and else the last one of all.
    """
    mask = mask_of(lab)
    early = mask.triu(diagonal=1)
    painted = early & (mask != preset_mask(lab))
    picked = lab.trail[-1][2:] if lab.trail and lab.trail[-1][1] == "mask" else ()
    if len(picked) == 2 and max(picked) < len(mask) and bool(painted[picked]):
        return picked[1]
    for cells in (painted, early):
        columns = cells.any(dim=0).nonzero().flatten().tolist()
        if columns:
            return int(columns[-1])
    return len(mask) - 1


def leak_runs(lab: Lab, *, is_masked: bool) -> tuple[Trace, Trace]:
    """Return a run, and the same with another first number for one token.

    Args:
        lab: What the user chose.
        is_masked: Whether with the mask on the page; without, everybody sees everybody.
    """
    given = inputs_of(lab)
    if not is_masked:
        given["mask"] = torch.ones_like(given["mask"])
    changed = given["inputs"].clone()
    changed[leak_index(lab), 0] += 1
    runs = [
        CAUSAL_SELF_ATTENTION.run(**{**given, "inputs": inputs})
        for inputs in (given["inputs"], changed)
    ]
    return runs[0], runs[1]
