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
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.choices import TensorChoices
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
