"""Templates: every field escaped, none forgotten."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from attention_core.figures import templates
from attention_core.figures.templates import filled, text_of

FOLDER = Path(templates.__file__).parent


def test_a_field_is_text_whatever_is_in_it() -> None:
    word = "<b>{{ 7 * 7 }}</b> & \"'"
    html = filled("paper.html", title=word, style="", sheets=[], link="", has_answers=False)
    assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt; &amp; &#34;&#39;" in html


def test_a_field_that_is_not_given_is_refused() -> None:
    with pytest.raises(UndefinedError, match="has_answers"):
        filled("paper.html", title="", style="", sheets=[], link="")


def test_only_styles_scripts_and_formulas_are_not_escaped() -> None:
    found = {
        field
        for path in FOLDER.glob("*.html")
        for field in re.findall(r"{{ *([^{}]*?) *\| *safe *}}", path.read_text(encoding="utf-8"))
    }
    assert {field for field in found if "mathml" not in field} == {"style", "plotly", "own"}


def test_files_are_those_beside_the_module() -> None:
    for path in FOLDER.glob("*.css"):
        assert text_of(path.name) == path.read_text(encoding="utf-8")
