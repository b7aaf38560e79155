"""The page on screen as a report: one HTML file with everything it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import torch

from attention_core import Conventions, Trace
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import position_labels
from attention_core.figures.report import Matrix, Picture, Report, Section, report_html
from attention_core.glossary import term
from ui.cards import step_cards
from ui.cards.card import Card, Group, as_drawn
from ui.cards.excerpt import SUFFIX
from ui.lab.lab import Lab
from ui.lessons.lesson import Lesson

Drawn = tuple[tuple[str, Group], ...]
SMALL = 64  # tokens, up to which a report has less than MOST bytes
MOST = 6_000_000


def report_of(drawn: Drawn, lab: Lab, *, lesson: Lesson, link: str, made: datetime) -> str:
    """Return a page as one HTML file.

    Args:
        drawn: The figures on it: where each group stands, and the group.
        lab: What its visitor chose.
        lesson: Whose page it is.
        link: Its address with the lab in it; empty if that would be too long.
        made: When, in UTC.
    """
    conventions = lab.conventions
    signs = {"notebook": "the notebook's symbols", "paper": "the paper's symbols Q, K, V"}
    facts = [
        (
            "Conventions",
            f"queries are {conventions.queries_as}, counted from {conventions.count_from}, "
            f"in {signs.get(conventions.symbols, 'plain words')}",
        )
    ]
    if not link:
        facts.append(("On the site", "this lab is too large for an address: ask for its file"))
    return report_html(
        Report(
            title=lesson.title,
            question=lesson.question,
            sentence=lesson.sentence_of(lab),
            facts=facts,
            made=f"{made:%Y-%m-%d %H:%M} UTC",
            link=link,
            inputs=list(_inputs(drawn, lesson, conventions)),
            sections=[_section(place, group, lesson, conventions) for place, group in drawn],
        )
    )


def most_tokens(drawn: Drawn, lab: Lab) -> int:
    """Return how many tokens the longest of what a page shows has, whichever sentence it is of.

    Args:
        drawn: As for ``report_of``.
        lab: What its visitor chose.
    """
    runs = [group.explained for _, group in drawn if group.explained]
    sizes = [
        size
        for run in runs
        for name in run.trace.names
        for axis, size in zip(run.trace.axes(name), run.trace[name].shape, strict=True)
        if axis.endswith("token")
    ]
    return max(len(lab.tokens), *sizes, 0)


def _heading(lesson: Lesson, place: str) -> str:
    """Return what stands above a group of figures of a lesson, if it has one."""
    known = lesson.all_figures.get(place)
    return known.heading if known else ""


def _section(place: str, group: Group, lesson: Lesson, conventions: Conventions) -> Section:
    heading = _heading(lesson, place.removesuffix(SUFFIX))
    if heading and place.endswith(SUFFIX):
        heading = f"{heading}: with numbers"
    pictures = [_picture(card, group, conventions) for card in group.cards]
    return Section(heading, pictures, group.min_width)


def _picture(card: Card, group: Group, conventions: Conventions) -> Picture:
    """Return what a card shows."""
    shown, check = as_drawn(card), card.check
    return Picture(
        title=shown.title,
        spec=shown.spec,
        height=shown.height,
        alt=shown.alt,
        shape=shown.shape,
        code=shown.formula,
        latex=tuple(_latex(card, group, conventions)),
        check=check.text if check else "",
        is_sound=not check or check.ok,
        details=check.detail if check else (),
        note=shown.note,
    )


def _latex(card: Card, group: Group, conventions: Conventions) -> list[str]:
    """Return the formulas of the step that a card shows, if it is one."""
    if not group.explained or not card.cells:
        return []
    trace, name = group.explained.trace, card.cells["name"]
    if name not in trace.steps:
        return []
    return step_cards.latex_of(trace.mechanism.step(name), conventions)


def _inputs(drawn: Drawn, lesson: Lesson, conventions: Conventions) -> Iterator[Matrix]:
    """Yield the inputs of every run that is shown, each once; another of its name says whose."""
    seen: dict[str, torch.Tensor] = {}
    for place, group in drawn:
        if not group.explained:
            continue
        trace, tokens = group.explained.trace, group.explained.tokens
        for name, tensor in trace.inputs.items():
            if name in seen and _same(seen[name], tensor):
                continue
            whose = "" if name not in seen else _heading(lesson, place)
            seen[name] = tensor
            yield from _matrices(trace, name, tokens, conventions, whose)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def _matrices(
    trace: Trace, name: str, tokens: Sequence[str], conventions: Conventions, whose: str
) -> Iterator[Matrix]:
    """Yield an input as tables: its rows as rows, one for each head."""
    title = f"{term(name).title} ({whose})" if whose else term(name).title
    for head in range(len(trace[name])) if trace[name].ndim == 3 else [None]:
        shown = shown_of(trace, name, head)
        rows, columns = (
            position_labels(axis, size, tokens, conventions)
            for axis, size in zip(shown.axes, shown.matrix.shape, strict=True)
        )
        of_head = "" if head is None else f", {step_cards.head_of(head, conventions)}"
        yield Matrix(f"{title}{of_head}", rows, columns, shown.matrix)
