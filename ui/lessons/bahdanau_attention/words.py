"""What the page "Bahdanau attention" says."""

from __future__ import annotations

import torch

from attention_core import ADDITIVE_ATTENTION, Conventions
from attention_core.numbers import result_of
from attention_core.recurrent.language import right_translation
from attention_core.recurrent.looking import looks_right
from ui.cards.marked import marked
from ui.cards.number_words import words_of
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention.runs import SIGNS, Run, run_of, without_own_weights

ALIKE = 1e-6  # weights of a row that differ by no more are called the same: it is only rounding
POINT = "Point at a cell for its number, click it for its arithmetic."
BUG = "**The bug:** the energies are vᵀ tanh(W s) now, without U h."
WITHOUT_OWN = (
    "**Without your own weights:** this is measured on the translation as it would be without "
    "them. Rows above that have yours show yours."
)
FRAMED = "Framed: the right word to look at, which the model was never told."
TITLES = {
    "queries": "Decoder state: what asks",
    "scores": "Energies",
    "weights": "Attention weights",
    "context": "Context vector",
}


def is_even(row: torch.Tensor) -> bool:
    """Return whether more than one word is looked at, and all alike."""
    return len(row) > 1 and float(row.max() - row.min()) <= ALIKE


def largest_word(run: Run, name: str, step: int, conventions: Conventions) -> str:
    """Return which word a row is largest at."""
    row = run.trace[name][step]
    at = int(row.argmax())
    if is_even(row):
        return f"all {run.n_in} are the same, {result_of(float(row[0]))}."
    return f"largest with {run.source(conventions)[at]}, {result_of(float(row[at]))}."


def said_of_looks(run: Run, step: int | None = None) -> str:
    """Return how many of the written words looked at the right word, so far or in all."""
    n_words = len(run.translation.words)
    n_words = n_words if step is None else min(n_words, step + 1)
    looks = looks_right(run.trace["weights"], run.translation.source, n_words)
    if not looks:
        return "no word is written yet."
    right, n_looks = sum(looks), len(looks)
    if n_looks == 1:
        return f"{right} of 1 word has its largest weight on the right word."
    return (
        f"{right} of {n_looks} words have their largest weight on the right word "
        f"({right / n_looks:.0%})."
    )


def translated(run: Run) -> str:
    """Return what was written beside the right translation, errors marked, as Markdown."""
    found, right = run.translation.words, right_translation(run.translation.source)
    if found == right:
        return f"It writes **{' '.join(found)}**, which is right."
    written = marked(found, right, SIGNS) if found else "nothing"
    writes = f"It writes {written} (stopped there: it found no end)."
    if run.translation.ended:
        writes = f"It writes {written}."
    return f"{writes}  \nRight would be **{' '.join(right)}**."


def reaction(run: Run) -> float:
    """Return how far any weight moves when the state of the first word grows by 1 everywhere."""
    given = dict(run.trace.inputs)
    before = ADDITIVE_ATTENTION.run(**given)["weights"]
    given["keys"] = given["keys"].clone()
    given["keys"][0] += 1
    return float((ADDITIVE_ATTENTION.run(**given)["weights"] - before).abs().max())


def symptom(lab: Lab) -> str:
    """Return what the bug does to this sentence, measured without own weights, as Markdown."""
    if len(words_of(lab)) == 1:
        return f"{BUG} A lone word has all the weight either way: two words are needed to see it."
    has_own = bool(run_of(lab).trace.overridden.get("weights"))
    lab = without_own_weights(lab)
    bad, good = (run_of(lab.choosing(sees_encoder=sees)) for sees in (False, True))
    weights = bad.trace["weights"]
    spread = float((weights.amax(dim=1) - weights.amin(dim=1)).max())
    is_right = bad.translation.words == right_translation(bad.translation.source)
    n_in, moved = bad.n_in, reaction(bad)
    again = result_of(reaction(good))
    what = (
        f"{BUG} They do not depend on the word, so each of the {n_in} words gets 1/{n_in} = "
        f"{result_of(1 / n_in)} in every step (largest difference within a row: {spread:.1g}), and "
        "every context vector is the plain mean."
    )
    outcome = "The translation is wrong."
    if is_right:
        outcome = "The translation is right all the same."
    moves = f"No weight moves at all; with the right energies one moves by {again}."
    if moved:
        moves = (
            f"No weight moves by more than {result_of(moved)}; with the right energies one moves "
            f"by {again}."
        )
    lines = [
        f"{what} {outcome}",
        "**How to notice it:** let every number of the first word's state grow by 1. "
        f"{moves} Shapes and sums look as they should.",
    ]
    return "  \n".join([*lines, *([WITHOUT_OWN] if has_own else [])])
