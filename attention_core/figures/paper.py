"""Exercises as one file to print: a page for each, the answers on pages of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import position_labels
from attention_core.figures.templates import filled, text_of
from attention_core.glossary import symbol, term
from attention_core.studies.exercises import KINDS, Exercise, power

LINE, ROOM = 100, 4  # characters of a line of the table of e^x, and of each cell besides decimals


class _Matrix(NamedTuple):
    """A matrix on paper, or one head of it."""

    title: str
    head: str
    rows: Sequence[str]
    columns: Sequence[str]
    entries: Sequence[Sequence[str]]


class _Step(NamedTuple):
    """A step to compute."""

    name: str
    title: str
    latex: str
    matrices: Sequence[_Matrix]


class _Sheet(NamedTuple):
    """One exercise: what is given, and every step."""

    kind: str
    seed: int
    decimals: int  # of the powers
    powers: Sequence[Sequence[tuple[str, str]]]  # each x that is needed and e^x, in lines
    given: Sequence[tuple[_Matrix, str]]  # and its symbol
    steps: Sequence[_Step]


def number(entry: float) -> str:
    """Return a number as one writes it by hand: whole, or to 2 decimals.

    Example:
        >>> number(-2.0), number(0.26894), number(float("-inf"))
        ('−2', '0.27', '−∞')
    """
    if math.isinf(entry):
        return "−∞" if entry < 0 else "∞"
    text = str(int(entry)) if entry == int(entry) else f"{entry:.2f}"
    return text.replace("-", "−")


def paper_html(
    exercises: Sequence[Exercise],
    *,
    conventions: Conventions = USUAL,
    link: str = "",
    has_answers: bool = True,
) -> str:
    """Return exercises and their answers as one HTML file, to print on A4 or Letter.

    The answers are read from the traces of the exercises, and from nowhere else.

    Args:
        exercises: Of one kind, from 1.
        conventions: How dimensions and heads are numbered, and whose symbols; on paper the
            queries are always rows.
        link: Where the page is that teaches it, if anywhere.
        has_answers: Whether the answers follow.

    Raises:
        ValueError: If there is no exercise.

    Example:
        >>> from attention_core.studies.exercises import exercise
        >>> "Sheet 7" in paper_html([exercise("simple", 7)])
        True
    """
    if not exercises:
        raise ValueError("exercises must be at least one; got none")
    conventions = Conventions(count_from=conventions.count_from, symbols=conventions.symbols)
    return filled(
        "paper.html",
        title=KINDS[exercises[0].kind].title,
        style=text_of("paper.css"),
        sheets=[_sheet(exercise, conventions) for exercise in exercises],
        link=link,
        has_answers=has_answers,
    )


def _sheet(exercise: Exercise, conventions: Conventions) -> _Sheet:
    """Return all that is on one sheet."""
    return _Sheet(
        exercise.kind,
        exercise.seed,
        exercise.decimals,
        _powers(exercise),
        [
            (matrix, symbol(name, conventions))
            for name in exercise.given
            for matrix in _matrices(exercise, name, conventions)
        ],
        [
            _Step(
                name,
                term(name).title,
                _formula(exercise, name, conventions),
                _matrices(exercise, name, conventions),
            )
            for name in exercise.asked
        ],
    )


def _formula(exercise: Exercise, name: str, conventions: Conventions) -> str:
    """Return a step's formula, of steps that are left out as if their operand stood there."""
    step = exercise.trace.mechanism.step(name)
    asked = (*exercise.asked, *exercise.trace.mechanism.inputs)
    of = [
        operand if operand in asked else exercise.trace.mechanism.step(operand).of[0]
        for operand in step.of
    ]
    roles = step.operation.roles or ("",) * len(of)
    operands = [symbol(at, conventions, role) for at, role in zip(of, roles, strict=True)]
    return step.operation.latex(symbol(name, conventions), *operands)


def _matrices(exercise: Exercise, name: str, conventions: Conventions) -> list[_Matrix]:
    """Return a value as matrices: one, or one for each head."""
    trace, title = exercise.trace, term(name).title
    has_heads = trace[name].ndim == 3
    found = []
    for head in range(len(trace[name])) if has_heads else [None]:
        shown = shown_of(trace, name, head)
        rows, columns = (
            position_labels(axis, size, exercise.tokens, conventions)
            for axis, size in zip(shown.axes, shown.matrix.shape, strict=True)
        )
        called = "" if head is None else f"head {conventions.number(head)}"
        entries = [[number(entry) for entry in row] for row in shown.matrix.tolist()]
        found.append(_Matrix(title, called, rows, columns, entries))
    return found


def _powers(exercise: Exercise) -> list[list[tuple[str, str]]]:
    """Return every x that is needed with its e^x, in as many lines as they take."""
    exponents, decimals = exercise.exponents, exercise.decimals
    n_lines = math.ceil(len(exponents) * (decimals + ROOM) / LINE)
    n_columns = math.ceil(len(exponents) / n_lines)
    found = [(f"{x:g}".replace("-", "−"), power(x, decimals)) for x in exponents]
    return [found[first : first + n_columns] for first in range(0, len(found), n_columns)]
