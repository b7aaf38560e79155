"""One word, one meaning, one place."""

import itertools
import re

import pytest

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Conventions, normalisations
from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS
from attention_core.glossary import TERMS, Term, symbol, term, vector
from tests.attention_core.runs import RUNS

EVERY = [Conventions(*chosen) for chosen in itertools.product(QUERIES_AS, COUNT_FROM, SYMBOLS)]

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


def test_every_value_has_a_symbol_of_its_own_in_each_set() -> None:
    for chosen in SYMBOLS:
        found = [symbol(term.name, Conventions(symbols=chosen)) for term in TERMS]
        assert len(set(found)) == len(TERMS)
        assert all(found)
    assert [symbol("inputs", Conventions(symbols="paper"), role) for role in ("", "value")] == [
        "X",
        "V",
    ]
    assert symbol("weights", Conventions(symbols="paper"), "value") == "P"
    assert symbol("my_step", Conventions(symbols="paper")) == r"\text{my step}"
    assert symbol("my_step", Conventions(symbols="words"), "key") == r"\text{my step}"


def test_vectors_are_called_by_symbol_and_number() -> None:
    found = {
        (c.count_from, c.symbols): vector("inputs", 9, c, role="query")
        for c in EVERY
        if not c.is_turned
    }
    assert found == {
        (0, "notebook"): "x⁽⁹⁾",
        (0, "paper"): "Q₉",
        (0, "words"): "query 9",
        (1, "notebook"): "x⁽¹⁰⁾",
        (1, "paper"): "Q₁₀",
        (1, "words"): "query 10",
    }
