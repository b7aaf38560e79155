"""What the page "Your tensors" says of a file's weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from attention_core import Conventions, Trace
from attention_core.checks import SAMPLE_SIZE
from attention_core.figures.heatmap import position_labels
from attention_core.numbers import result_of
from attention_core.outside.facts import Fact
from ui.cards.literal import literal, names
from ui.cards.step_cards import head_of
from ui.lab.lab import Lab
from ui.lessons.your_tensors import file_run
from ui.lessons.your_tensors.figures import heads_shown
from ui.lessons.your_tensors.file_run import (
    facts_of,
    is_one_head,
    n_heads,
    n_layers,
    tokens_of,
    weights_of,
)
from ui.lessons.your_tensors.opened import Held

NONE = "none"
SUMS = "Each {row} sums to 1 (off by at most {off:.1g})."
NEARLY_SUMS = (
    "Each {row} sums to 1 only nearly (off by at most {off:.1g}), as numbers that were rounded do."
)


def told_of(lab: Lab, held: Held, trace: Trace) -> list[tuple[bool | None, str]]:
    """Return what holds, what does not, and what is not known, each as Markdown."""
    weights = weights_of(lab, held, trace)
    found: list[tuple[bool | None, str]] = []
    if weights is None:
        found.append((None, "There are no attention weights here, so there is nothing to check."))
    else:
        tokens = tokens_of(lab, held, trace)
        found += [
            _fact_said(fact, weights, tokens, lab.conventions)
            for fact in facts_of(lab, held, weights)
            if fact.name != "causal" or weights.shape[-1] == weights.shape[-2] > 1
        ]
    if trace.steps:
        own = [check for check in trace.check() if check not in trace.compared]
        wrong = [check for check in own if not check.ok]
        said = "Each step follows from the one before: plain Python loops give the same numbers."
        if any(check.route.startswith("float64") for check in own):
            said = (
                "Each step follows from the one before: plain Python loops give the same numbers "
                f"in {SAMPLE_SIZE} seeded cells of a large step, a float64 route in all of them."
            )
        if wrong:
            at = wrong[0]
            said = (
                f"`{at.step}` does not follow from what is before it ({literal(at.route)}): "
                f"{at.numbers}."
            )
        found.append((not wrong, said))
    return [*found, *_origin(trace)]


def _origin(trace: Trace) -> list[tuple[bool | None, str]]:
    """Return how the weights stand to queries and keys."""
    told: list[tuple[bool | None, str]] = []
    for check in trace.compared:
        route = literal(check.route)
        numbers = check.numbers
        if check.ok:
            said = f"`{check.step}`, as computed here, agrees with {route} ({numbers})."
            told.append((True, said))
        else:
            told.append(
                (
                    False,
                    f"`{check.step}`, as computed here, differs from {route} "
                    f"({numbers}). Another mask, another scale or dropout can be why.",
                )
            )
    if "weights" in trace.mechanism.inputs:
        told.append(
            (
                None,
                "These weights cannot be checked against queries and keys: the file does not have "
                "both, so whether they are softmax(Q·Kᵀ/√d) is not known.",
            )
        )
    elif not trace.compared and "weights" in trace.names and "inputs" not in trace.inputs:
        told.append((None, "The file has no weights of its own to hold these against."))
    return told


def _fact_said(
    fact: Fact, weights: Tensor, tokens: Sequence[str], conventions: Conventions
) -> tuple[bool | None, str]:
    place = where(fact.cell, weights, tokens, conventions) if fact.cell else ""
    if fact.name == "shares":
        off = f", but for rounding (off by at most {fact.worst:.1g})" if fact.worst else ""
        good, bad = f"Every weight is between 0 and 1{off}.", "Not every weight is between 0 and 1"
        number = result_of(float(weights[fact.cell])) if not fact.holds else ""
        return fact.holds, good if fact.holds else f"{bad}: {number} at {place}."
    if fact.name == "sums":
        if fact.holds is False:
            total = result_of(float(weights[fact.cell].double().sum()))
            return False, conventions.say(
                "Not each {row} sums to 1: that of {place} sums to {total}.",
                place=place,
                total=total,
            )
        return fact.holds, conventions.say(SUMS if fact.holds else NEARLY_SUMS, off=fact.worst)
    if fact.holds:
        return True, "Causal: no query attends to a later key."
    return None, f"Not causal: {result_of(float(weights[fact.cell]))} at {place}, a later key."


def where(
    cell: Sequence[int], weights: Tensor, tokens: Sequence[str], conventions: Conventions
) -> str:
    """Return the place of a cell or of a row in words, as Markdown."""
    n_outer = weights.ndim - 2
    outer = [
        f"{axis} {conventions.number(at)}"
        for axis, at in zip(("layer", "head")[2 - n_outer :], cell[:n_outer], strict=True)
    ]
    labels = [
        names(position_labels(axis, size, tokens, conventions), conventions)[at]
        for axis, size, at in zip(
            ("query token", "key token"), weights.shape[-2:], cell[n_outer:], strict=False
        )
    ]
    return ", ".join([*outer, literal(" → ".join(labels))])


def file_said(held: Held) -> str:
    """Return what a file is, as Markdown."""
    name = literal(held.name[:60])
    if held.trace is None:
        return f"**{name}** holds these tensors:"
    source = f" {literal(held.trace.source[:200])}." if held.trace.source else ""
    return f"**{name}** is a whole trace, as `save_trace` writes it.{source}"


def heads_said(lab: Lab, held: Held, trace: Trace) -> str:
    """Return in a sentence which heads are drawn, and out of how many."""
    shown, count = heads_shown(lab, held, trace), len(trace["weights"])
    if len(shown) == count:
        of_layer = " of the chosen layer" if n_layers(lab, held) > 1 else ""
        return f"All {count}{of_layer}. Choose above which one is shown below."
    first, last = (lab.conventions.number(at) for at in (shown.start, shown.stop - 1))
    return f"Heads {first} to {last} of {count}, around the chosen one."


def inputs_said(lab: Lab, held: Held, trace: Trace) -> str:
    """Return what the run begins with, as Markdown."""
    if trace.steps:
        return "**What it begins with**"
    if n_heads(lab, held) == 1:
        return "**What is in the file**"
    chosen_head = head_of(file_run.head_of(lab, held), lab.conventions).capitalize()
    return f"**{chosen_head}, large**"


def steps_said(lab: Lab, held: Held, trace: Trace) -> str:
    """Return whose steps are drawn, as Markdown."""
    if n_heads(lab, held) == 1:
        return "**Step by step**"
    said = f"**Step by step, {head_of(file_run.head_of(lab, held), lab.conventions)}**"
    if is_one_head(lab, held):
        said += ". All heads together would be too much, so only this one is run."
    return said
