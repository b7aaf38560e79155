"""The end of a page: each part under its heading, with what the lesson declares."""

from streamlit.testing.v1 import AppTest

from tests.screen import broken, codes, components

SCRIPT = """
from ui.cards.embeddings import labels_of
from ui.cards.simple_run import trace_of
from ui.lab import state
from ui.lessons import LESSONS
from ui.parts import closing

lesson, lab = LESSONS["start_here"], state.current()
trace = trace_of(lab)
"""


def drawn(*calls: str) -> AppTest:
    """Return a page that makes these calls alone."""
    at = AppTest.from_string(SCRIPT + "\n".join(calls), default_timeout=30).run()
    assert broken(at) == []
    return at


def test_the_formula_and_what_to_try_stand_under_their_headings() -> None:
    at = drawn("closing.formula(trace.mechanism, lab)", "closing.to_try(lesson, lab)")
    assert [heading.value for heading in at.subheader] == ["The formula", "What to try"]
    assert any("x_i \\cdot x_j" in text.value for text in at.markdown)
    tried = drawn("closing.st.markdown(lesson.to_try(lab))").markdown[0].value
    assert at.markdown[-1].value == tried


def test_the_code_is_that_of_the_run_and_says_what_it_computes() -> None:
    at = drawn('closing.pytorch("It computes *all*.", trace, labels_of(lab), lab)')
    assert [heading.value for heading in at.subheader] == ["The same in PyTorch"]
    assert any(text.value == "It computes *all*." for text in at.markdown)
    assert "context = weights @ inputs" in codes(at)[0]


def test_lens_and_goal_are_there_where_the_lesson_has_them() -> None:
    asked = 'closing.lens_and_goal(LESSONS["{}"], trace, lab)'
    has_both, has_none = drawn(asked.format("start_here")), drawn(asked.format("your_tensors"))
    assert len(has_both.subheader) == 2
    assert not has_none.subheader
    assert not components(has_none)


def test_every_question_of_the_lesson_is_asked() -> None:
    at = drawn("closing.predictions(lesson, lab)")
    assert [heading.value for heading in at.subheader] == ["Predict, then check"]
    assert [radio.key for radio in at.radio] == ["_answer:start"]
