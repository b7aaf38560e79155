"""The bottleneck of "Why attention": the final state, and the user's own numbers in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from attention_core import Trace
from attention_core.recurrent import ModelEdits, Translation
from attention_core.recurrent.translation import translate
from ui.cards.editors import Editor, Entry
from ui.cards.number_words import words_of
from ui.lab.checks import number
from ui.lab.edits import RowKey, Typed
from ui.lab.lab import Lab
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.models import CARRIED, LINES, model_of, read


def trace_of(lab: Lab) -> Trace:
    """Return how the encoder reads the sentence, with the user's numbers in its final state."""
    trace, own = read(lab.of(WhyChoices).reader, words_of(lab)), own_numbers(lab)
    if not own:
        return trace
    cells: dict[str, dict[tuple[int, ...], float]] = {}
    for name, row in CARRIED.items():
        found: dict[tuple[int, ...], float]
        found = {(0, unit): entry for (at, unit), entry in own.items() if at == row}
        if found:
            cells[name] = found
    return trace.mechanism.with_overrides(cells).run(**trace.inputs)


def translation_of(lab: Lab) -> Translation:
    """Return what the model writes, beginning with the user's numbers."""
    edits = ModelEdits(bottleneck=own_numbers(lab))
    return translate(model_of(lab.of(WhyChoices).reader), words_of(lab), edits=edits)


def own_numbers(lab: Lab) -> dict[tuple[int, ...], float]:
    """Return the user's own numbers in the final state: 0 for hidden or 1 for cell, and the unit.

    They are those of this model and of this number of words; others wait.
    """
    n_units, n_words = model_of(lab.of(WhyChoices).reader).n_units, len(words_of(lab))
    return {
        (row, unit): entry
        for row, name in enumerate(LINES)
        if row < len(model_of(lab.of(WhyChoices).reader).cell.carries)
        for unit, entry in lab.overrides.row(
            *_key(lab.of(WhyChoices).reader, name, n_words, n_units)
        ).items()
    }


def _key(kind: str, name: str, n_words: int, n_units: int) -> RowKey:
    return f"bottleneck/{kind}/{name}", n_words, n_units


def _set_entries(name: str, lab: Lab, entries: Sequence[Entry]) -> Lab:
    """Return the lab with numbers of its own in the final state, or raise ValueError."""
    words = words_of(lab)
    trace = read(lab.of(WhyChoices).reader, words)
    if f"final_{name}" not in trace.steps:
        raise ValueError("a value that this model hands on")
    start = trace[f"final_{name}"][0].tolist()
    key = _key(lab.of(WhyChoices).reader, name, len(words), len(start))
    typed = list[Typed]()
    for row_id, column, entry in entries:
        if row_id != name or not 0 <= column < len(start):
            raise ValueError("a row and a column of the table")
        typed.append((key, start, column, number(entry)))
    return replace(lab, overrides=lab.overrides.typed(typed))


def _reset(name: str, lab: Lab, row_id: str | None) -> Lab:
    """Return the lab with the final state as the encoder computes it."""
    key = _key(
        lab.of(WhyChoices).reader,
        name,
        len(words_of(lab)),
        model_of(lab.of(WhyChoices).reader).n_units,
    )
    return replace(lab, overrides=lab.overrides.without_rows([key]))


def formula_steps(lab: Lab) -> tuple[str, ...]:
    """Return the steps whose formulas are shown."""
    return tuple(
        name for name in read(lab.of(WhyChoices).reader, words_of(lab)).steps if name not in CARRIED
    )


EDITORS: Mapping[str, Editor] = MappingProxyType(
    {
        name: Editor(
            f"bottleneck_{name}",
            f"final_{name}",
            partial(_set_entries, name),
            partial(_reset, name),
        )
        for name in LINES
    }
)
