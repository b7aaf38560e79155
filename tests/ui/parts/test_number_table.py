"""A plain table of numbers: its words are text, its last row a sum; long, it waits for a click."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import broken

HEAD = ["<key> & token", "score"]


def drawn(n_rows: int, *, has_sum: bool = True) -> AppTest:
    """Return a page with a table of so many rows, and a last one."""
    rows = [*([f"<b>w{n}</b>", f"{n}.0000"] for n in range(n_rows)), ["sum", "< 9"]]
    script = f"""
from ui.parts.number_table import number_table
number_table("Scores < 1", {HEAD!r}, {rows!r}, has_sum={has_sum})
"""
    at = AppTest.from_string(script, default_timeout=30).run()
    assert broken(at) == []
    return at


def html_of(at: AppTest) -> str:
    (table,) = at.get("html")
    return str(table.proto.body)


def test_words_are_text_and_never_markup() -> None:
    html = html_of(drawn(2))
    assert '<th scope="col">&lt;key&gt; &amp; token</th><th scope="col">score</th>' in html
    assert '<th scope="row">&lt;b&gt;w1&lt;/b&gt;</th><td>1.0000</td>' in html
    assert "<td>&lt; 9</td>" in html
    assert 'role="region" tabindex="0" aria-label="Scores &lt; 1"' in html


@pytest.mark.parametrize("has_sum", [True, False])
def test_only_a_sum_is_set_apart(has_sum: bool) -> None:
    assert ('<tbody class="sum">' in html_of(drawn(2, has_sum=has_sum))) is has_sum


@pytest.mark.parametrize(("n_rows", "waits"), [(12, False), (13, True)])
def test_a_long_table_waits_behind_its_title(n_rows: int, waits: bool) -> None:
    assert [each.label for each in drawn(n_rows).expander] == (["Scores < 1"] if waits else [])
