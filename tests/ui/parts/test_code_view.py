"""Listings: every sign of the code arrives, each part with its kind."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.notebook import INPUTS
from tests.screen import codes, components, opened
from ui.cards.step_cards import pytorch_of
from ui.parts.code_view import parts


@given(st.text(max_size=60))
def test_no_sign_is_lost(text: str) -> None:
    # Pygments reads every line end as "\n", and so does Python.
    assert "".join(part for _, part in parts(text)) == text.replace("\r\n", "\n").replace(
        "\r", "\n"
    )


def test_the_parts_of_the_notebooks_code() -> None:
    code = pytorch_of(SIMPLE_SELF_ATTENTION.run(inputs=INPUTS), ["<b>", "`", "'''", '"', "#", "\\"])
    told = parts(code)
    assert "".join(part for _, part in told) == code
    ast.parse(code)
    assert told[0] == ("keyword", "import")
    assert ("number", "0.43") in told
    assert ("comment", "# <b>") in told
    assert ("comment", "# '''") in told


@pytest.mark.parametrize(
    ("text", "kind"), [("'a'", "string"), ("not", "keyword"), ("1e-9", "number"), ("x", "")]
)
def test_kinds(text: str, kind: str) -> None:
    assert parts(text) == [(kind, text)]


def test_a_page_shows_its_listings() -> None:
    at = opened()
    assert len(codes(at)) == 1
    assert codes(at)[0].startswith("import torch\n")
    assert components(at)["code:steps"]["parts"][0] == ["keyword", "import"]
