"""What the page "Your tensors" shows: a file of somebody's own, and the attention in it.

Its numbers are too many for an address, so its figures are no function of the lab alone: the file
lies in the session, and the lab says which it is and what was chosen of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import Conventions, Trace
from attention_core.checks import SAMPLE_SIZE
from attention_core.export import Shown
from attention_core.figures.heatmap import position_labels
from attention_core.figures.labels import TwoSentences
from attention_core.numbers import result_of
from attention_core.outside.facts import Fact
from ui.cards import prediction, step_cards
from ui.cards.card import Card, Group
from ui.cards.explained import Explained
from ui.cards.literal import literal, names
from ui.cards.step_cards import head_of
from ui.lab.lab import Lab
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.choices import TensorChoices
from ui.lessons.your_tensors.opened import Held

HEADS, STEPS, INPUTS = "figures:tensor_heads", "figures:tensor_steps", "figures:tensor_inputs"
FILES = "tensor_files"  # where the session has them
MOST_HEADS, MOST_HEADS_LARGE, LARGE = 16, 6, 128
SMALL, SMALL_MOST, SHORT = 240, 270, 360  # px: the width and the height of one of all heads
MOST_TICKS = 16
NONE = "none"
SUMS = "Each {row} sums to 1 (off by at most {off:.1g})."
NEARLY_SUMS = (
    "Each {row} sums to 1 only nearly (off by at most {off:.1g}), as numbers that were rounded do."
)


# ---- What holds --------------------------------------------------------------------------------


def told_of(lab: Lab, held: Held, trace: Trace) -> list[tuple[bool | None, str]]:
    """Return what holds, what does not, and what is not known, each as Markdown."""
    weights = opened_tensors.weights_of(lab, held, trace)
    found: list[tuple[bool | None, str]] = []
    if weights is None:
        found.append((None, "There are no attention weights here, so there is nothing to check."))
    else:
        tokens = opened_tensors.tokens_of(lab, held, trace)
        found += [
            _fact_said(fact, weights, tokens, lab.conventions)
            for fact in opened_tensors.facts_of(lab, held, weights)
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


# ---- The figures -------------------------------------------------------------------------------


def heads_shown(lab: Lab, held: Held, trace: Trace) -> range:
    """Return the heads whose weights are drawn beside each other."""
    weights = trace["weights"]
    most = MOST_HEADS_LARGE if max(weights.shape[-2:]) > LARGE else MOST_HEADS
    first = max(0, min(opened_tensors.head_of(lab, held) - most // 2, len(weights) - most))
    return range(first, min(len(weights), first + most))


def all_heads(lab: Lab, held: Held, trace: Trace) -> Group | None:
    """Return the weights of every head, small, in one colour scale; None if there are no heads."""
    if "weights" not in trace.names or trace["weights"].ndim != 3:
        return None
    tokens, conventions = opened_tensors.tokens_of(lab, held, trace), lab.conventions
    cards = []
    for head in heads_shown(lab, held, trace):
        card = step_cards.step_card(
            trace, "weights", tokens, (), conventions=conventions, head=head
        )
        title = head_of(head, conventions).capitalize()
        if head == opened_tensors.head_of(lab, held):
            title = f"{title} · shown below"
        cards.append(
            replace(
                _thinned_out(card),
                id=f"all_{head}",
                title=title,
                height=min(card.height, SHORT),
                formula="",
                note="",
            )
        )
    return Group(cards, Explained(trace, tokens), SMALL, arrows=False, max_width=SMALL_MOST)


def _thinned_out(card: Card) -> Card:
    """Return a small card with so many labels along its axes as there is room for."""
    axes = {}
    for name in ("xaxis", "yaxis"):
        axis = card.spec["layout"][name]
        every = -(-len(axis["tickvals"]) // MOST_TICKS)
        axes[name] = {of: axis[of][::every] for of in ("tickvals", "ticktext")}
    return card.with_layout(**axes)


def steps(lab: Lab, held: Held, trace: Trace) -> Group | None:
    """Return the steps of a run, of the chosen head where it has heads; None without steps."""
    return _group(lab, held, trace, trace.steps) if trace.steps else None


def inputs(lab: Lab, held: Held, trace: Trace) -> Group:
    """Return what the run began with."""
    return _group(lab, held, trace, trace.mechanism.inputs)


def _group(lab: Lab, held: Held, trace: Trace, shown: Sequence[str]) -> Group:
    tokens = opened_tensors.tokens_of(lab, held, trace)
    head = opened_tensors.head_of(lab, held)
    own = [name for name in shown if name in trace.steps]
    checks = trace.check(*own) if own else ()
    cards = [
        step_cards.step_card(
            trace,
            name,
            tokens,
            checks,
            conventions=lab.conventions,
            head=min(head, len(trace[name]) - 1) if trace[name].ndim == 3 else None,
        )
        for name in shown
    ]
    widest = max(trace[name].shape[-1] for name in shown)
    return Group(cards, Explained(trace, tokens), step_cards.card_width(widest), arrows=False)


def heads_said(lab: Lab, held: Held, trace: Trace) -> str:
    """Return which heads are drawn."""
    shown, count = heads_shown(lab, held, trace), len(trace["weights"])
    if len(shown) == count:
        of_layer = " of the chosen layer" if opened_tensors.n_layers(lab, held) > 1 else ""
        return f"All {count}{of_layer}. Choose above which one is shown below."
    first, last = (lab.conventions.number(at) for at in (shown.start, shown.stop - 1))
    return f"Heads {first} to {last} of {count}, around the chosen one."


def inputs_said(lab: Lab, held: Held, trace: Trace) -> str:
    """Return what the run begins with, as Markdown."""
    if trace.steps:
        return "**What it begins with**"
    if opened_tensors.n_heads(lab, held) == 1:
        return "**What is in the file**"
    chosen_head = head_of(opened_tensors.head_of(lab, held), lab.conventions).capitalize()
    return f"**{chosen_head}, large**"


def steps_said(lab: Lab, held: Held, trace: Trace) -> str:
    """Return whose steps are drawn, as Markdown."""
    if opened_tensors.n_heads(lab, held) == 1:
        return "**Step by step**"
    said = f"**Step by step, {head_of(opened_tensors.head_of(lab, held), lab.conventions)}**"
    if opened_tensors.is_one_head(lab, held):
        said += ". All heads together would be too much, so only this one is run."
    return said


# ---- A question, and what is taken along -------------------------------------------------------


def most_attended(
    lab: Lab, held: Held, trace: Trace
) -> tuple[str, list[str], prediction.Truth] | None:
    """Return: which key gets most attention, all queries together? None without weights."""
    if "weights" not in trace.names or trace["weights"].dtype == torch.bool:
        return None
    head, weights = opened_tensors.head_of(lab, held), trace["weights"]
    matrix = weights[min(head, len(weights) - 1)] if weights.ndim == 3 else weights
    if matrix.shape[1] < 2 or not bool(torch.isfinite(matrix).all()):
        return None
    tokens = opened_tensors.tokens_of(lab, held, trace)
    shown = names(
        position_labels("key token", matrix.shape[1], tokens, lab.conventions), lab.conventions
    )
    sums = matrix.double().sum(dim=0)
    right = int(sums.argmax())
    ties = torch.nonzero(sums >= sums.max() - 1e-6).flatten().tolist()
    place = f" of {head_of(head, lab.conventions)}" if weights.ndim == 3 else ""
    question = f"Which key gets the most attention{place}, all queries added up?"
    because = (
        f"{literal(shown[right])} gets {result_of(float(sums[right]))} in all, of "
        f"{result_of(float(sums.sum()))} that there are to give."
    )
    plain = names(position_labels("key token", matrix.shape[1], tokens))
    return question, plain, prediction.Truth(right, because, frozenset(ties), tuple(shown))


def shown_of(lab: Lab, held: Held | None) -> list[Shown]:
    """Return the run of a file; nothing where there is none."""
    if held is None:
        return []
    try:
        trace = opened_tensors.run_of(lab, held)
    except ValueError:
        return []
    tokens = opened_tensors.tokens_of(lab, held, trace)
    asked = tokens.asked if isinstance(tokens, TwoSentences) else None
    return [Shown("your-tensors", "Your tensors", trace, tokens, asked)]


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the example; a file is with the session that opened it."""
    return shown_of(lab, None if lab.of(TensorChoices).tensors else opened_tensors.example())
