"""The table of sums: a line for each token that is shown, of many behind a click."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import broken


def drawn(n_tokens: int, shown: list[int]) -> AppTest:
    """Return a page with the sums of so many tokens, some of them shown."""
    script = f"""
from attention_core import Conventions
from ui.parts.sums_table import draw_sums
tokens = ["*a*", "*a*", *(f"w{{n}}" for n in range({n_tokens} - 2))]
sums = {{"its row sums to": [f"{{n}}.5" for n in range({n_tokens})]}}
draw_sums("Some sums", tokens, {shown}, sums, Conventions(count_from=0))
"""
    at = AppTest.from_string(script, default_timeout=30).run()
    assert broken(at) == []
    return at


def columns_of(at: AppTest) -> dict[str, list[Any]]:
    table = at.table[0].value
    return {name: list(table[name]) for name in table}


def test_each_shown_token_has_its_own_sum_in_the_order_asked_for() -> None:
    assert columns_of(drawn(4, [3, 0, 1])) == {
        "token": ["w1", r"\*a\* \(0\)", r"\*a\* \(1\)"],
        "its row sums to": ["3.5", "0.5", "1.5"],
    }


@pytest.mark.parametrize(("n_tokens", "waits"), [(12, False), (13, True)])
def test_of_many_tokens_it_waits_behind_its_title(n_tokens: int, waits: bool) -> None:
    at = drawn(n_tokens, [0])
    assert [each.label for each in at.expander] == (["Some sums"] if waits else [])
