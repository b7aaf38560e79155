"""One word, one meaning, one place."""

import re

import pytest

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Conventions, normalisations
from attention_core.glossary import TERMS, Term, term
from tests.attention_core.runs import RUNS

COLUMNS = Conventions("columns")


def test_every_value_of_the_lesson_is_in_it() -> None:
    known = {entry.name for entry in TERMS}
    assert len(known) == len(TERMS)
    further = (trace.mechanism for trace in RUNS.values())
    for mechanism in (SIMPLE_SELF_ATTENTION, ONE_QUERY, normalisations(), *further):
        assert {*mechanism.inputs, *(step.name for step in mechanism.steps)} <= known


def test_a_name_it_lacks_stands_for_itself() -> None:
    entry = term("my_own_step")
    assert (entry.title, entry.symbol) == ("My own step", r"\text{my own step}")
    assert entry.axes == ("row", "column")
    assert entry.meaning_in(COLUMNS) == "my own step"
    assert term("a_{row}").meaning_in(COLUMNS) == "a {row}"


@pytest.mark.parametrize("entry", TERMS, ids=lambda entry: entry.name)
def test_a_meaning_follows_the_convention(entry: Term) -> None:
    usual, turned = entry.meaning_in(), entry.meaning_in(COLUMNS)
    assert usual
    assert "{" not in usual
    swapped = re.sub(r"\brow\b", "column", usual)  # no meaning names a column
    if entry.shape:
        down, across = entry.shape
        swapped = swapped.replace(f"({down}, {across})", f"({across}, {down})")
    assert turned == swapped
