"""One word, one meaning, one place."""

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, normalisations
from attention_core.glossary import TERMS, term
from tests.attention_core.runs import RUNS


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
