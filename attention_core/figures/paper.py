"""Exercises as one file to print: a page for each, the answers on pages of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple

from torch import Tensor

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import position_labels
from attention_core.glossary import symbol, term
from attention_core.mathml import mathml
from attention_core.studies.exercises import KINDS, Exercise, power

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LINE, ROOM = 100, 4  # characters of a line of the table of e^x, and of each cell besides decimals
_TOLD = {
    "masked": "Each token sees itself and those before it. e<sup>−∞</sup> is 0.",
    "weights": "e<sup>x</sup> from the table, divided by the sum of the row.",
    "concatenated": "Put the heads' context vectors side by side.",
}


class _Matrix(NamedTuple):
    """A matrix on paper."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    entries: Tensor


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
    title = f"By hand: {KINDS[exercises[0].kind].title}"
    style = files(__package__).joinpath("paper.css").read_text(encoding="utf-8")
    body = [_sheet(exercise, conventions) for exercise in exercises]
    if has_answers:
        body.append(_answers(exercises, conventions, link))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>\n{''.join(body)}</main></body></html>\n"
    )


def _sheet(exercise: Exercise, conventions: Conventions) -> str:
    """Return one sheet: what is given, and room for every step."""
    given = "".join(
        _filled(matrix, symbol(name, conventions))
        for name in exercise.given
        for matrix in _matrices(exercise, name, conventions)
    )
    steps = "".join(
        _step(exercise, name, number, conventions)
        for number, name in enumerate(exercise.asked, start=1)
    )
    return (
        f'<article class="sheet {escape(exercise.kind)}"><header>'
        f"<h1>{escape(KINDS[exercise.kind].title)}, by hand</h1>"
        f"<p>Sheet {exercise.seed}</p></header>"
        f'<p class="who"><span>Name</span><span>Date</span></p>'
        f"<section><h2>Given</h2>"
        f'<div class="given">{given}{_exponentials(exercise)}</div></section>'
        f'<section><h2>To find</h2><div class="steps">{steps}</div></section></article>\n'
    )


def _step(exercise: Exercise, name: str, place: int, conventions: Conventions) -> str:
    """Return a step to compute: its number, its formula, what to do, and its empty tables."""
    matrices = _matrices(exercise, name, conventions)
    title = term(name).title
    blanks = "".join(_blank(matrix, title) for matrix in matrices)
    told = f"<p>{_TOLD[name]}</p>" if name in _TOLD else ""
    return (
        f'<div class="step"><div class="what"><h3>{place}. {escape(title)}</h3>'
        f"{_formula(exercise, name, conventions)}{told}</div>"
        f'<div class="blanks">{blanks}</div></div>'
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
    return mathml(step.operation.latex(symbol(name, conventions), *operands))


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
        called = title if head is None else f"{title}, head {conventions.number(head)}"
        found.append(_Matrix(called, rows, columns, shown.matrix))
    return found


def _filled(matrix: _Matrix, sign: str = "") -> str:
    """Return a matrix as a table, with its title and its symbol above."""
    signed = f" {mathml(sign, block=False)}" if sign else ""
    entries = [[number(entry) for entry in row] for row in matrix.entries.tolist()]
    return _table(matrix, entries, f"<caption>{escape(matrix.title)}{signed}</caption>")


def _blank(matrix: _Matrix, title: str) -> str:
    """Return the empty table of a step whose title stands above; in its corner, which head."""
    entries = [["" for _ in matrix.columns] for _ in matrix.rows]
    head = matrix.title.removeprefix(title).removeprefix(", ")
    return _table(matrix, entries, corner=head, kind=' class="blank"')


def _table(
    matrix: _Matrix,
    entries: Sequence[Sequence[str]],
    caption: str = "",
    *,
    corner: str = "",
    kind: str = "",
) -> str:
    """Return a table with the labels of a matrix."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in matrix.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        f"{''.join(f'<td>{entry}</td>' for entry in row)}</tr>"
        for label, row in zip(matrix.rows, entries, strict=True)
    )
    return (
        f"<table{kind}>{caption}<thead><tr><td>{escape(corner)}</td>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _exponentials(exercise: Exercise) -> str:
    """Return the table of e^x for every x that is needed."""
    exponents, decimals = exercise.exponents, exercise.decimals
    n_lines = math.ceil(len(exponents) * (decimals + ROOM) / LINE)
    n_columns = math.ceil(len(exponents) / n_lines)
    rows = ""
    for first in range(0, len(exponents), n_columns):
        some = exponents[first : first + n_columns]
        head = "".join(f'<th scope="col">{_exponent(x)}</th>' for x in some)
        cells = "".join(f"<td>{power(x, decimals)}</td>" for x in some)
        rows += f'<tr><th scope="row">x</th>{head}</tr>'
        rows += f'<tr><th scope="row">e<sup>x</sup></th>{cells}</tr>'
    return (
        f'<table class="exp"><caption>e<sup>x</sup>, to {decimals} decimals</caption>'
        f"<tbody>{rows}</tbody></table>"
    )


def _exponent(x: float) -> str:
    return f"{x:g}".replace("-", "−")


def _answers(exercises: Sequence[Exercise], conventions: Conventions, link: str) -> str:
    """Return the answers of all sheets, which begin on a new page."""
    blocks = []
    for exercise in exercises:
        tables = "".join(
            _filled(matrix)
            for name in exercise.asked
            for matrix in _matrices(exercise, name, conventions)
        )
        blocks.append(
            f'<section class="answer"><h2>Sheet {exercise.seed}</h2>'
            f'<div class="given">{tables}</div></section>\n'
        )
    seeds = [exercise.seed for exercise in exercises]
    first, last = seeds[0], seeds[-1]
    sheets = f"sheet {first}" if len(seeds) == 1 else f"sheets {first} to {last}"
    back = (
        f' The page that teaches this: <a href="{escape(link)}">{escape(link)}</a>' if link else ""
    )
    return (
        f'<article class="key"><header><h1>Answers</h1><p>{escape(sheets)}</p></header>'
        "<p>Whole numbers are exact; the others are rounded to 2 decimals. The table of "
        "e<sup>x</sup> has as many decimals as it takes: an answer made with it, and rounded only "
        "at the end, is the one below. The number of a sheet is its seed: the same number makes "
        f"the same sheet again.{back}</p>\n"
        f"{''.join(blocks)}</article>\n"
    )
