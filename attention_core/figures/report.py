"""A page as one HTML file: it works from the disk, asks nothing of any network, and prints.

Plotly's script is in it once; each picture is drawn from its figure JSON, as on the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import torch
from jinja2.utils import htmlsafe_json_dumps
from torch import Tensor

from attention_core.figures.templates import filled, text_of

Spec = dict[str, Any]
MOST_IN_A_TABLE = 32_768  # numbers; 512 tokens of 64
WIDE = 400  # px: cards from this width on get the whole width of a printed page


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure with all that is said about it.

    Args:
        title: Its heading.
        spec: Figure JSON, as it is drawn.
        height: In pixels.
        alt: What it shows, in a sentence.
        shape: Of its matrix.
        code: The line of PyTorch that makes it.
        latex: Its formulas.
        check: What its self-check says.
        is_sound: Whether the check holds.
        details: The check's figures.
        note: What else there is to know.
    """

    title: str
    spec: Spec
    height: int
    alt: str
    shape: str = ""
    code: str = ""
    latex: tuple[str, ...] = ()
    check: str = ""
    is_sound: bool = True
    details: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Numbers as a table.

    Args:
        title: Its caption.
        rows: One label per row.
        columns: One label per column.
        tensor: The numbers, (n_rows, n_columns).
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Section:
    """Pictures that stand together under one heading.

    Args:
        heading: What they are about; nothing to go on without one.
        pictures: From the first to the last.
        min_width: Of a picture, in pixels.
    """

    heading: str
    pictures: Sequence[Picture]
    min_width: int = 264


@dataclass(frozen=True, slots=True)
class Report:
    """All that the report of a page shows.

    Args:
        title: Of the page.
        question: The one it answers.
        sentence: The user's, as typed.
        facts: What else was chosen: names and what they are.
        made: When, in words.
        link: Where the page is; empty if its address would be too long.
        inputs: The numbers that everything was computed from.
        sections: Its pictures.
    """

    title: str
    question: str
    sentence: str
    facts: Sequence[tuple[str, str]]
    made: str
    link: str
    inputs: Sequence[Matrix]
    sections: Sequence[Section]


def report_html(report: Report) -> str:
    r"""Return the report of a page as one HTML file.

    Every word of it is escaped, and a policy in its head forbids it the network and any script but
    its own two.

    Args:
        report: What is on the page.

    Example:
        >>> page = Report("Start", "Why?", "</script>", [], "today", "", [], [])
        >>> html = report_html(page)
        >>> html.count("plotly.js v"), "&lt;/script&gt;" in html
        (1, True)
    """
    pictures = [picture for section in report.sections for picture in section.pictures]
    return filled(
        "report.html",
        report=report,
        style=text_of("report.css"),
        specs=script_json([picture.spec for picture in pictures]),
        plotly=_plotly(),
        own=text_of("figure_style.js") + text_of("report.js"),
        tables=[(matrix, _entries(matrix.tensor)) for matrix in report.inputs],
        WIDE=WIDE,
    )


def script_json(contents: Any) -> str:
    r"""Return JSON that can stand inside of a script element, whatever words are in it.

    Example:
        >>> print(script_json("</script>\u2028"))
        "\u003c/script\u003e\u2028"
    """
    return htmlsafe_json_dumps(_finite(contents), separators=(",", ":"), allow_nan=False)


def _finite(contents: Any) -> Any:
    """Return nested data with None for numbers that JSON does not have."""
    if isinstance(contents, dict):
        return {name: _finite(entry) for name, entry in contents.items()}
    if isinstance(contents, (list, tuple)):
        return [_finite(entry) for entry in contents]
    return None if isinstance(contents, float) and not math.isfinite(contents) else contents


def exact(tensor: Tensor) -> list[list[str]]:
    """Return each number of a matrix as the shortest decimal that is that number again.

    Example:
        >>> exact(torch.tensor([[0.43, -2.0]])), exact(torch.tensor([[True, False]]))
        ([['0.43', '-2']], [['1', '0']])
    """
    if tensor.dtype in (torch.bool, torch.float64):
        return [
            [repr(float(entry)) if _needs_all(entry) else f"{float(entry):g}" for entry in row]
            for row in tensor.tolist()
        ]
    texts: dict[float, str] = {}
    for digits in range(1, 10):
        open_ = [entry for row in tensor.tolist() for entry in row if entry not in texts]
        tried = [f"{entry:.{digits}g}" for entry in open_]
        made = torch.tensor([float(text) for text in tried], dtype=tensor.dtype).tolist()
        texts |= {
            entry: text
            for entry, text, number in zip(open_, tried, made, strict=True)
            if number == entry or digits == 9
        }
    return [[texts.get(entry, str(entry)) for entry in row] for row in tensor.tolist()]


def _entries(tensor: Tensor) -> list[list[str]] | None:
    """Return the numbers of a table; None where they are too many for one."""
    return None if tensor.numel() > MOST_IN_A_TABLE else exact(tensor)


def _needs_all(entry: float) -> bool:
    return float(f"{float(entry):g}") != float(entry)


@cache
def _plotly() -> str:
    """Return Plotly's script as Plotly's package ships it: there is no smaller one in it."""
    text = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError(
            "plotly.min.js cannot stand inside of a page: it has </script or <!-- in it"
        )
    return text
