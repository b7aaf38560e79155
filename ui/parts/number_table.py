"""A plain table of numbers to read: scrolls by itself when narrow, by keyboard too."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

MOST_OPEN = 12  # rows; a longer table waits behind a click
_STYLE = """<style>
.numbers { overflow-x: auto; max-width: 100%; }
.numbers table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.numbers th, .numbers td {
  padding: 0.3rem 0.75rem; text-align: right; white-space: nowrap; font-weight: 400;
  border-bottom: 1px solid rgba(128, 134, 150, 0.35);
}
.numbers th:first-child { text-align: left; }
.numbers thead th, .numbers .sum tr:last-child > * { font-weight: 650; }
.numbers tr:last-child > * { border-bottom: none; }
</style>"""


def number_table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, has_sum: bool = True
) -> None:
    """Draw a table.

    Args:
        title: What it shows, as plain text.
        head: The columns' names, as plain text.
        rows: A name and the numbers in each, as plain text; the last row is the sum.
        has_sum: Whether it is; if not, the last row is a row like any other.
    """
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(number)}</td>" for number in numbers)
        + "</tr>"
        for name, *numbers in rows
    )
    sums = ' class="sum"' if has_sum else ""
    html = (
        f'{_STYLE}<div class="numbers" role="region" tabindex="0" aria-label="{escape(title)}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody{sums}>{body}</tbody></table></div>"
    )
    with st.expander(title) if len(rows) > MOST_OPEN + 1 else st.container():
        st.html(html)
