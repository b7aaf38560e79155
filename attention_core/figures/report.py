"""A page as one HTML file: it works from the disk, asks nothing of any network, and prints.

Plotly's script is in it once; each picture is drawn from its figure JSON, as on the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import torch
from torch import Tensor

from attention_core.mathml import mathml

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
    """Pictures that stand together.

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
    """A page to be taken along.

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
    r"""Return a page as one HTML file.

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
    specs = script_json([picture.spec for picture in pictures])
    own, plotly = _file("figure_style.js") + _file("report.js"), _plotly()
    scripts = " ".join(f"'sha256-{_sha256(text)}'" for text in (plotly, own))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n',
            '<meta name="referrer" content="no-referrer">\n',
            f"<title>{escape(report.title)} · Attention Lab</title>\n",
            f"<style>\n{_file('report.css')}</style></head>\n<body>\n<main>\n",
            *_head(report),
            *_sections(report.sections),
            *_inputs(report.inputs),
            "</main>\n",
            f'<script type="application/json" id="specs">{specs}</script>\n',
            f'<script>{plotly}</script>\n<script type="module">{own}</script>\n</body></html>\n',
        ]
    )


def script_json(contents: Any) -> str:
    r"""Return JSON that can stand inside of a script element, whatever words are in it.

    Example:
        >>> script_json("</script>\u2028")
        '"\\u003c/script\\u003e\\u2028"'
    """
    text = json.dumps(_finite(contents), separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


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


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# ---- Parts of the page -------------------------------------------------------------------------


def _head(report: Report) -> Iterable[str]:
    yield f"<header><p>Attention Lab</p><h1>{escape(report.title)}</h1>\n"
    yield f"<p>{escape(report.question)}</p>\n<dl>"
    if report.sentence:
        yield f"<div><dt>Sentence</dt><dd>{escape(report.sentence)}</dd></div>"
    for name, said in report.facts:
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(said)}</dd></div>"
    yield f"<div><dt>Made</dt><dd>{escape(report.made)}</dd></div>"
    if report.link:
        to = escape(report.link)
        yield f'<div><dt>On the site</dt><dd><a href="{to}" rel="noreferrer">{to}</a></dd></div>'
    yield "</dl></header>\n<noscript><p>The pictures are drawn by a script of this file, which "
    yield "this reader does not run. Open it in a browser.</p></noscript>\n"


def _sections(sections: Sequence[Section]) -> Iterable[str]:
    place = 0
    for section in sections:
        wide = " wide" if section.min_width >= WIDE else ""
        yield f'<section style="--min: {section.min_width}px">'
        yield f"<h2>{escape(section.heading)}</h2>" if section.heading else ""
        yield f'<div class="figures{wide}">\n'
        for picture in section.pictures:
            yield from _picture(picture, place, "h3" if section.heading else "h2")
            place += 1
        yield "</div></section>\n"


def _picture(picture: Picture, place: int, tag: str) -> Iterable[str]:
    shape = f" <code>{escape(picture.shape)}</code>" if picture.shape else ""
    name = escape(f"{picture.title}. {picture.alt}")
    yield f"<article><{tag}>{escape(picture.title)}{shape}</{tag}>\n"
    yield '<div class="made">'
    yield from (mathml(formula) for formula in picture.latex)
    yield f"<code>{escape(picture.code)}</code>" if picture.code else ""
    yield f'</div><div class="frame"><div class="plot" role="figure" data-spec="{place}" '
    yield f'style="height: {picture.height}px" aria-label="{name}"></div></div>\n'
    yield '<div class="words">'
    yield f"<p>{escape(picture.alt)}</p>" if picture.alt else ""
    if picture.check:
        kind, sign = ("sound", "✓") if picture.is_sound else ("broken", "✗")
        yield f'<p class="{kind}">{sign} {escape(picture.check)}</p>'
    if picture.details:
        yield "<details><summary>How this is checked</summary><ul>"
        yield from (f"<li>{escape(line)}</li>" for line in picture.details)
        yield "</ul></details>"
    yield f"<p>{escape(picture.note)}</p>" if picture.note else ""
    yield "</div></article>\n"


def _inputs(inputs: Sequence[Matrix]) -> Iterable[str]:
    if not inputs:
        return
    yield "<section><h2>What it was computed from</h2>\n"
    for matrix in inputs:
        yield from _matrix(matrix)
    yield "</section>\n"


def _matrix(matrix: Matrix) -> Iterable[str]:
    title = escape(matrix.title)
    if matrix.tensor.numel() > MOST_IN_A_TABLE:
        size = " × ".join(str(length) for length in matrix.tensor.shape)
        yield f"<h3>{title}</h3><p>{size} numbers are too many to list here: take them as data.</p>"
        return
    # A table that scrolls must be in reach of the keyboard.
    yield f'<div class="table" tabindex="0" role="region" aria-label="{title}">'
    yield f"<table><caption>{title}</caption><thead><tr><td></td>"
    yield from (f'<th scope="col">{escape(column)}</th>' for column in matrix.columns)
    yield "</tr></thead><tbody>"
    for label, row in zip(matrix.rows, exact(matrix.tensor), strict=True):
        # Cells and rows need no end in HTML: of 20,000 numbers, 100 kB less.
        cells = "".join(f"<td>{entry}" for entry in row)
        yield f'<tr><th scope="row">{escape(label)}</th>{cells}\n'
    yield "</tbody></table></div>\n"
