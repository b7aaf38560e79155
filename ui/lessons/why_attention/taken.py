"""What is taken along from "Why attention"."""

from __future__ import annotations

from attention_core.export import Shown, Table
from attention_core.figures.lengths import LOOKS
from attention_core.recurrent import probing
from attention_core.recurrent.reading import pytorch_of
from ui.cards.number_words import words_of
from ui.lab.lab import Lab
from ui.lessons.why_attention.bottleneck import own_numbers, trace_of, translation_of
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.models import (
    probe_problem,
    probed_length,
    probes,
    problem,
    records_problem,
    trained_models,
)


def code_of(lab: Lab) -> str:
    """Return PyTorch that reads and translates the user's sentence."""
    return pytorch_of(lab.of(WhyChoices).reader, words_of(lab), own_numbers(lab))


def shown(lab: Lab) -> list[Shown]:
    """Return how the encoder reads, with what was measured of the models as labelled data."""
    if problem(lab.of(WhyChoices).reader):
        return []
    words, written = list(words_of(lab)), translation_of(lab)
    chances = written.probabilities.amax(dim=1).tolist()
    tables = [
        Table(
            "words",
            "What it writes",
            "The likeliest word of each step and its probability, by the trained decoder.",
            ("written word", "probability"),
            tuple(zip(written.written, chances, strict=True)),
        )
    ]
    if not records_problem():
        tables += [_accuracy_table(), _curve_table()]
    if not probe_problem():
        tables.append(_recall_table(lab))
    run = Shown("reading", "How the encoder reads", trace_of(lab), words, tables=tuple(tables))
    return [run]


def _accuracy_table() -> Table:
    rows = [
        (LOOKS[record.kind].name, record.seed, one.n_words, one.exact, one.by_token)
        for _, record in sorted(trained_models().items())
        for one in record.accuracy
    ]
    return Table(
        "accuracy",
        "How often each model is right, by length",
        "Measured on sentences that no model was trained on, when they were trained.",
        ("model", "seed", "English words", "share without a mistake", "share of words right"),
        tuple(rows),
    )


def _recall_table(lab: Lab) -> Table:
    n_words = probed_length(lab)
    rows = [
        (LOOKS[kind].name, seed, place, share)
        for (kind, seed), recalls in sorted(probes().models.items())
        for place, share in enumerate(recalls[n_words].shares, start=1)
    ]
    return Table(
        "read-back",
        "How often each word is read back from the final state",
        f"Measured by a linear probe on {probing.N_HELD_OUT} sentences of {n_words} words.",
        ("model", "seed", "place of the word", "share read back"),
        tuple(rows),
    )


def _curve_table() -> Table:
    rows = [
        (LOOKS[record.kind].name, record.seed, point.step, point.valid)
        for _, record in sorted(trained_models().items())
        for point in record.curve
    ]
    told = "Measured while they were trained."
    columns = ("model", "seed", "step", "validation loss")
    return Table("validation-loss", "How the models learned", told, columns, tuple(rows))
