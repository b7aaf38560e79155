"""What the page "Why attention" shows: an encoder that reads, what it hands on, what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from attention_core import Check, Trace
from attention_core.figures import with_marks
from attention_core.figures.lengths import (
    LOOKS,
    MEASURES,
    Memory,
    accuracy_finding,
    accuracy_spec,
    memory_finding,
    memory_spec,
    recall_finding,
    recall_spec,
    training_spec,
)
from attention_core.numbers import plain
from attention_core.recurrent import probing
from attention_core.recurrent.accuracy import BUCKETS
from ui.cards import step_cards
from ui.cards.card import Card, Group, Verdict
from ui.cards.explained import Explained
from ui.cards.number_words import words_of
from ui.lab.lab import Lab
from ui.lessons.why_attention.bottleneck import trace_of
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.models import (
    CARRIED,
    LINES,
    LONGEST_SEEN,
    probed_length,
    probes,
    problem,
    torch_checks,
    trained_models,
    word_sensitivities,
)
from ui.lessons.why_attention.words import ACCURACY_NOTES

FINAL = "after the last word"
ONE_ROW = 150  # px
MOST_OF, STRETCHED = 0.95, 1.5  # a cell line's colours show most of it, where a few are far beyond


# ---- The encoder -------------------------------------------------------------------------------


def reading(lab: Lab) -> Group:
    """Return the hidden state at every word and, of an LSTM, the cell line beside it."""
    trace = trace_of(lab)
    return _steps(trace, [name for name in LINES if name in trace.steps], lab)


def gates(lab: Lab) -> Group:
    """Return everything else of the cell: the states before, the gates, the candidate."""
    trace = trace_of(lab)
    others = [name for name in trace.steps if name not in LINES and name not in CARRIED]
    group = _steps(trace, others, lab)
    cards = []
    for card in group.cards:
        told = card.note.partition(step_cards.TOO_MANY)[0]
        note = f"{told}Point at a cell for its number, click it for its arithmetic."
        cards.append(replace(card, note=note))
    return replace(group, cards=cards)


def _steps(trace: Trace, names: Sequence[str], lab: Lab) -> Group:
    words = words_of(lab)
    checks = (*trace.check(*names), *torch_checks(lab.of(WhyChoices).reader, words))
    cards = [
        step_cards.step_card(trace, name, words, checks, conventions=lab.conventions)
        for name in names
    ]
    cards = [
        _stretched(card, trace["cell"]) if card.id in ("cell", "cell_before") else card
        for card in cards
    ]
    n_units = trace["hidden"].shape[1]
    return Group(cards, Explained(trace, words), step_cards.card_width(n_units), arrows=False)


def _stretched(card: Card, cells: Tensor) -> Card:
    """Return a cell line's card whose colours end before the few largest numbers.

    Those would hide all others.
    """
    sizes = cells.abs().flatten()
    end = float(sizes.quantile(MOST_OF))
    if end <= 0 or float(sizes.max()) <= STRETCHED * end:
        return card
    note = f"The colours end at ±{plain(round(end, 2))}; a few numbers are beyond."
    return card.with_heatmap(zmin=-end, zmax=end).with_note(note)


# ---- The bottleneck ----------------------------------------------------------------------------


def vector(lab: Lab) -> Group:
    """Return all that the decoder begins with: one row, of an LSTM two."""
    trace, words = trace_of(lab), words_of(lab)
    names = [name for name in CARRIED if name in trace.steps]
    checks, own = trace.check(*names), trace.overridden
    cards = []
    for name in names:
        card = step_cards.step_card(
            trace, name, words, checks, query=FINAL, conventions=lab.conventions
        )
        untitled = {"title": {"text": ""}}
        card = card.with_layout(xaxis=untitled, yaxis={**untitled, "ticktext": [""]})
        card = replace(card, note="", height=ONE_ROW)
        if name == "final_cell":
            card = _stretched(card, trace["cell"])
        if name in own:
            card = replace(card, spec=with_marks(card.spec, sorted(own[name])))
            count = len(own[name])
            card = card.with_note(f"Yours: {count} of {trace[name].numel()}, marked with a dot.")
        cards.append(card)
    # Cells can be pointed at; the numbers stand in the table below, so no part is shown.
    return Group(cards, None, step_cards.MIN_WIDTH_WIDE, arrows=False)


# ---- Accuracy ----------------------------------------------------------------------------------


def accuracy(lab: Lab) -> Group:
    """Return how often each model is right, by length, with the length of the user's sentence."""
    here, found = len(words_of(lab)), trained_models()
    bucket = next((own for own in BUCKETS if own[0] <= here <= own[1]), LONGEST_SEEN)
    cards = [
        Card(
            id=f"accuracy_{measure}",
            title=told.title,
            spec=accuracy_spec(found, measure, here),
            height=380,
            alt=accuracy_finding(found, measure, bucket),
            note=ACCURACY_NOTES[measure],
        )
        for measure, told in MEASURES.items()
    ]
    return Group(cards, None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def training(lab: Lab) -> Group:
    """Return how the validation loss of each model fell."""
    found = trained_models()
    ends = {LOOKS[r.kind].name: min(p.valid for p in r.curve) for r in found.values() if not r.seed}
    best = ", ".join(f"{name} {plain(loss)}" for name, loss in ends.items())
    card = Card(
        id="training",
        title="Validation loss",
        spec=training_spec(found),
        height=340,
        alt=f"lowest: {best}.",
    )
    return Group([card], None, step_cards.MIN_WIDTH_WIDE, arrows=False)


# ---- What is left of each word -----------------------------------------------------------------


def recall(lab: Lab) -> Group:
    """Return how often each word of sentences like the user's is read back."""
    n_words = probed_length(lab)
    probed = probes()
    found = {key: recalls[n_words] for key, recalls in probed.models.items()}
    guess = probed.guess[n_words]
    own = words_of(lab)
    is_own = len(own) == n_words
    has = "one word" if len(own) == 1 else f"{len(own)} words"
    nearest = "" if is_own else f"Yours has {has}; this is the nearest that was measured. "
    card = Card(
        id="recall",
        title="Which word stood there? Read back from the final state",
        spec=recall_spec(
            found, guess, own if is_own else [f"word {at + 1}" for at in range(n_words)]
        ),
        height=400,
        alt=recall_finding(found),
        note=f"{nearest}A linear probe for each place sees the final state alone and names the "
        f"word; it was fitted on {probing.N_FIT:,} sentences of {n_words} words and asked about "
        f"{guess.n_sentences} others that no model was trained on. Points: the models of seed 0, "
        "with 95 % intervals (Wilson). Thin lines: other seeds. Dotted: naming the commonest "
        "word.",
    )
    return Group([card], None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def memory(lab: Lab) -> Group:
    """Return how strongly each final state answers to each word of the user's sentence."""
    words = words_of(lab)
    there = [kind for kind in LOOKS if not problem(kind)]
    found = [
        Memory(kind, value, norms.tolist())
        for kind in there
        for value, norms in word_sensitivities(kind, words)[0].items()
    ]
    absent = [LOOKS[kind].name for kind in LOOKS if kind not in there]
    without = f"This is without {' and '.join(absent)}, which could not be loaded."
    card = Card(
        id="memory",
        title="How strongly the final state answers to each word",
        spec=memory_spec(found, words),
        height=400,
        alt=memory_finding(found),
        note=without if absent else "",
        check=_memory_verdict([word_sensitivities(kind, words)[1] for kind in there]),
    )
    return Group([card], None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def _memory_verdict(checks: Sequence[Check]) -> Verdict:
    ok = all(check.ok for check in checks)
    off = max(check.max_difference for check in checks)
    text = (
        "Multiplying the derivatives of every step (plain maths, float64) gives the same lengths "
        f"(largest difference {off:.1g} of a word's own)."
        if ok
        else "Something is wrong: multiplying the derivatives of every step gives other lengths "
        f"(off by {off:.2g} of a word's own). Do not trust this picture."
    )
    return Verdict(ok, text)
