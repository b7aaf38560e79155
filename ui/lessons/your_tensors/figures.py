"""What the page "Your tensors" shows: a file of somebody's own, and the attention in it.

Its numbers are too many for an address, so its figures are no function of the lab alone: the file
lies in the session, and the lab says which it is and what was chosen of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from attention_core import Trace
from attention_core.export import Shown
from attention_core.figures.labels import TwoSentences
from ui.cards import step_cards
from ui.cards.card import Card, Group
from ui.cards.explained import Explained
from ui.cards.step_cards import head_of
from ui.lab.lab import Lab
from ui.lessons.your_tensors import file_run
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.choices import TensorChoices
from ui.lessons.your_tensors.file_run import run_of, tokens_of
from ui.lessons.your_tensors.opened import Held

HEADS, STEPS, INPUTS = "figures:tensor_heads", "figures:tensor_steps", "figures:tensor_inputs"
FILES = "tensor_files"  # where the session has them
MOST_HEADS, MOST_HEADS_LARGE, LARGE = 16, 6, 128
SMALL, SMALL_MOST, SHORT = 240, 270, 360  # px: the width and the height of one of all heads
MOST_TICKS = 16


# ---- The figures -------------------------------------------------------------------------------


def heads_shown(lab: Lab, held: Held, trace: Trace) -> range:
    """Return the heads whose weights are drawn beside each other."""
    weights = trace["weights"]
    most = MOST_HEADS_LARGE if max(weights.shape[-2:]) > LARGE else MOST_HEADS
    first = max(0, min(file_run.head_of(lab, held) - most // 2, len(weights) - most))
    return range(first, min(len(weights), first + most))


def all_heads(lab: Lab, held: Held, trace: Trace) -> Group | None:
    """Return the weights of every head, small, in one colour scale; None if there are no heads."""
    if "weights" not in trace.names or trace["weights"].ndim != 3:
        return None
    tokens, conventions = tokens_of(lab, held, trace), lab.conventions
    cards = []
    for head in heads_shown(lab, held, trace):
        card = step_cards.step_card(
            trace, "weights", tokens, (), conventions=conventions, head=head
        )
        title = head_of(head, conventions).capitalize()
        if head == file_run.head_of(lab, held):
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
    tokens = tokens_of(lab, held, trace)
    head = file_run.head_of(lab, held)
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


# ---- A question, and what is taken along -------------------------------------------------------


def shown_of(lab: Lab, held: Held | None) -> list[Shown]:
    """Return the run of a file; nothing where there is none."""
    if held is None:
        return []
    try:
        trace = run_of(lab, held)
    except ValueError:
        return []
    tokens = tokens_of(lab, held, trace)
    asked = tokens.asked if isinstance(tokens, TwoSentences) else None
    return [Shown("your-tensors", "Your tensors", trace, tokens, asked)]


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the example; a file is with the session that opened it."""
    return shown_of(lab, None if lab.of(TensorChoices).tensors else opened_tensors.example())
