"""A trace as it shows itself in a notebook: small coloured tables, in plain HTML.

Nothing but tables with inline colours: no script, no style sheet, nothing from elsewhere. The
colours are a tint over the notebook's own background, so that its text stays readable on them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Protocol

import torch
from torch import Tensor

from attention_core.glossary import term

MOST_ROWS, MOST_COLUMNS, MOST_HEADS, MOST_VALUES, MOST_LETTERS = 12, 10, 4, 16, 14
POSITIVE, NEGATIVE = "53,86,189", "208,122,31"  # blue and orange, as in the figures
STRONGEST = 0.4  # of the tint: beyond it black or white text is hard to read

_CELL = "padding:2px 6px;text-align:right"
_HEAD = "padding:2px 6px;text-align:left;font-weight:600"
_CAPTION = "text-align:left;padding:8px 0 2px"
_NOTE = "margin:2px 0;opacity:0.8"


class Values(Protocol):
    """What is shown of a trace: its values by name, with their labels, and what is said of it."""

    source: str
    tokens: tuple[str, ...]
    key_tokens: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all values."""

    @property
    def disagreements(self) -> tuple[str, ...]:
        """What a watched model gave otherwise, in words."""

    def __getitem__(self, name: str) -> Tensor: ...

    def axes(self, name: str) -> tuple[str, ...]:
        """Return what each axis of a value counts."""


def html_of(trace: Values) -> str:
    """Return a trace as HTML: one table per value, and per head where there are heads.

    What is left out of a large value, or of many, is said below it.

    Args:
        trace: A run of any mechanism.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> html = html_of(SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)))
        >>> html.count("<table"), "<script" in html
        (4, False)
    """
    parts = [_paragraph(trace.source)] if trace.source else []
    parts += [_paragraph(f"Careful: {said}.") for said in trace.disagreements]
    for name in trace.names[:MOST_VALUES]:
        parts += _value(trace, name)
    if len(trace.names) > MOST_VALUES:
        left_out = ", ".join(trace.names[MOST_VALUES:])
        parts.append(_paragraph(f"not shown: {left_out}"))
    return f"<div>{''.join(parts)}</div>"


def _value(trace: Values, name: str) -> list[str]:
    """Return the tables of one value and what is left out of them."""
    tensor = trace[name].detach()
    numbers = tensor.double().cpu()
    axes = trace.axes(name)
    size = _largest(numbers)
    shape = " × ".join(map(str, tensor.shape))
    title = f"{name}: {term(name).title}, {shape}"
    if tensor.ndim == 2:
        return [_table(trace, title, numbers, axes, size), _left_out(numbers)]
    if tensor.ndim != 3:
        return [_paragraph(f"{title} (not shown)")]
    shown = [
        _table(trace, f"{title}, head {head}", numbers[head], axes[1:], size)
        for head in range(min(len(numbers), MOST_HEADS))
    ]
    more = len(numbers) - len(shown)
    heads = _paragraph(f"{more} more of {len(numbers)} heads") if more else ""
    return [*shown, _left_out(numbers[0]), heads]


def _table(trace: Values, title: str, matrix: Tensor, axes: Sequence[str], size: float) -> str:
    """Return one matrix, with a label at each row and at each column."""
    part = matrix[:MOST_ROWS, :MOST_COLUMNS]
    rows, columns = (
        _labels(trace, axis, whole)[:most]
        for axis, whole, most in zip(axes, matrix.shape, (MOST_ROWS, MOST_COLUMNS), strict=True)
    )
    corner = f'<th style="{_HEAD}">{escape(axes[0])} \\ {escape(axes[1])}</th>'
    head = "".join(f'<th scope="col" style="{_HEAD}">{escape(label)}</th>' for label in columns)
    body = "".join(
        f'<tr><th scope="row" style="{_HEAD}">{escape(label)}</th>'
        + "".join(_cell(number, size) for number in numbers)
        + "</tr>"
        for label, numbers in zip(rows, part.tolist(), strict=True)
    )
    caption = f'<caption style="{_CAPTION}">{escape(title)}</caption>'
    return (
        f'<table style="border-collapse:collapse">{caption}'
        f"<thead><tr>{corner}{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(number: float, size: float) -> str:
    """Return one number, the stronger tinted the larger it is."""
    share = min(abs(number) / size, 1.0) if math.isfinite(number) and size else 0.0
    tint = f";background:rgba({POSITIVE if number > 0 else NEGATIVE},{STRONGEST * share:.2f})"
    said = f"{number:.4f}".replace("-inf", "−∞").replace("inf", "∞").replace("nan", "NaN")
    return f'<td style="{_CELL}{tint if share else ""}">{said.replace("-", "−")}</td>'


def _largest(numbers: Tensor) -> float:
    """Return the size of the largest finite number, which has the strongest tint."""
    finite = numbers[torch.isfinite(numbers)].abs()
    return float(finite.max()) if finite.numel() else 0.0


def _labels(trace: Values, axis: str, size: int) -> list[str]:
    """Return one label per position of an axis: its token, or its number from 0."""
    own = trace.key_tokens if axis == "key token" and trace.key_tokens else trace.tokens
    if axis.endswith("token") and len(own) == size:
        return [
            token if len(token) <= MOST_LETTERS else f"{token[: MOST_LETTERS - 1]}…"
            for token in own
        ]
    return [str(position) for position in range(size)]


def _left_out(matrix: Tensor) -> str:
    """Return how much of a matrix is shown, empty if all of it is."""
    (rows, columns), most = matrix.shape, (MOST_ROWS, MOST_COLUMNS)
    if rows <= most[0] and columns <= most[1]:
        return ""
    shown = min(rows, most[0]), min(columns, most[1])
    return _paragraph(f"the first {shown[0]} of {rows} rows, {shown[1]} of {columns} columns")


def _paragraph(text: str) -> str:
    return f'<p style="{_NOTE}">{escape(text)}</p>'
