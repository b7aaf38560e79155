"""The runs of "Multi-head": split heads, and separate ones with the same weights."""

from __future__ import annotations

from functools import lru_cache

from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, STACKED_HEADS, Trace
from attention_core.masks import mask_or_causal
from attention_core.parameters import Parameters
from attention_core.studies.contributions import of_heads
from ui.cards import overriding, parameters
from ui.cards.embeddings import tensor_of
from ui.lab.lab import MAX_HEADS, Lab
from ui.lab.same import Same
from ui.lessons.multi_head.choices import MultiHeadChoices

STORED_AS = "heads"
PER_HEAD = ("w_query", "w_key", "w_value", "b_query", "b_key", "b_value")


def divisors(d_out: int) -> list[int]:
    """Return the numbers of heads that a width can be split into.

    Example:
        >>> divisors(12)
        [1, 2, 3, 4, 6, 12]
    """
    return [n_heads for n_heads in range(1, MAX_HEADS + 1) if d_out % n_heads == 0]


def heads_of(lab: Lab) -> int:
    """Return how many heads the page shows: as many as were asked for, if they divide d_out."""
    return max(n_heads for n_heads in divisors(lab.d_out) if n_heads <= lab.n_heads)


def head_index(lab: Lab) -> int:
    """Return the head that is looked at, of those there are."""
    return min(lab.of(MultiHeadChoices).head, heads_of(lab) - 1)


def off_of(lab: Lab) -> tuple[int, ...]:
    """Return the heads that are off, of those there are."""
    return tuple(head for head in lab.of(MultiHeadChoices).heads_off if head < heads_of(lab))


def inputs_of(lab: Lab) -> Parameters:
    """Return the inputs of the run: of a head that is off, the rows of ``w_out`` are 0."""
    inputs, given = tensor_of(lab), parameters.parameters_of(lab, out=True)
    of_a_head = given["w_out"].view(heads_of(lab), -1, lab.d_out)  # the same memory
    of_a_head[list(off_of(lab))] = 0
    return {"inputs": inputs, **given, "mask": mask_or_causal(None, len(inputs), len(inputs))}


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return overriding.applied(computed_of(lab), lab, STORED_AS)


def computed_of(lab: Lab) -> Trace:
    """Return the run without numbers of the user's own in its steps."""
    return _trace(Same(lab))


@lru_cache(maxsize=2)  # every group of figures asks for it
def _trace(lab: Same) -> Trace:
    return MULTI_HEAD_ATTENTION.run(n_heads=heads_of(lab.of), **inputs_of(lab.of))


def stacked_of(lab: Lab) -> Trace:
    """Return the run of separate heads with the same weights."""
    return _stacked(Same(lab))


@lru_cache(maxsize=2)
def _stacked(lab: Same) -> Trace:
    given, n_heads = inputs_of(lab.of), heads_of(lab.of)
    own = {name: tensor for name, tensor in given.items() if name in PER_HEAD}
    split = {
        name: tensor.view(len(tensor), n_heads, -1).transpose(0, 1).contiguous()
        for name, tensor in own.items()
    }
    return STACKED_HEADS.run(**given | split)


def column_of(lab: Lab) -> int:
    """Return the chosen dimension of the output, of those there are."""
    return min(lab.window[2], lab.d_out - 1)


def parts_of(trace: Trace, row: int) -> Tensor:
    """Return what each head contributes to one token's output, (n_heads, d_out)."""
    return of_heads(trace["concatenated"][row], trace["w_out"], len(trace["context"]))


def made_by_heads(lab: Lab) -> Lab:
    """Return the lab without numbers of the user's own in the output: no head made those."""
    trace = trace_of(lab)
    for cell in trace.overridden.get("output", ()):
        lab = overriding.without_override(lab, trace, STORED_AS, "output", cell)
    return lab
