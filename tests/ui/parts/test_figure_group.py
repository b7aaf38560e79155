"""A group of figures on a page, by its name in a lesson's declaration."""

from streamlit.testing.v1 import AppTest

from tests.screen import broken, cards
from ui.lab.lab import Lab
from ui.lab.state import Session
from ui.lessons import LESSONS

PLACE = "figures:start"
LARGE = Lab(sentence=" ".join(f"w{n}" for n in range(140)), d=2)


def drawn(lab: Lab, *, has_part: bool = True) -> AppTest:
    """Return a page with the group alone."""
    script = f"""
from ui.lab import state
from ui.parts import figure_group
figure_group.figures("{PLACE}", state.current(), has_part={has_part})
"""
    at = AppTest.from_string(script, default_timeout=30)
    at.session_state["session"] = Session(lab)
    at.run()
    assert broken(at) == []
    return at


def test_its_cards_are_those_that_its_lesson_makes() -> None:
    lab = Lab().with_entries([("journey", 1, 0, 9.0)])
    make = LESSONS.groups[PLACE]
    assert list(cards(drawn(lab), PLACE)) == [card.id for card in make(lab).cards]
    assert cards(drawn(lab), PLACE) != cards(drawn(Lab()), PLACE)


def test_below_it_a_picked_cell_takes_a_number_of_ones_own() -> None:
    assert any("put a number of your own there" in told.value for told in drawn(Lab()).caption)


def test_a_part_of_large_figures_is_shown_unless_they_have_none() -> None:
    for has_part in (True, False):
        at = drawn(LARGE, has_part=has_part)
        assert any("Exact numbers of a part" in text.value for text in at.markdown) is has_part
