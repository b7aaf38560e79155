"""The stepper takes each of its messages once, and nothing that it would not send."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ui.lab import link
from ui.lab.lab import Lab

SCRIPT = """
import streamlit as st
from ui.lab import state
from ui.parts.stepper import stepper

step = stepper("dots", label="Dot products", n_steps=5, texts=lambda step: "abcde")
lab = state.current()
st.text(f"{step} {lab.value('moment')} {lab.applied.get('stepper:dots', 0)}")
"""

Page = Callable[..., AppTest]


@pytest.fixture
def page() -> Page:
    """A page with a stepper of five steps, opened with a lab."""

    def opened(**chosen: Any) -> AppTest:
        app = AppTest.from_string(SCRIPT, default_timeout=30)
        app.query_params["lab"] = link.encode(Lab().choosing(**chosen))
        return app.run()

    return opened


def send(app: AppTest, message: object) -> str:
    """Send what a browser would, and return the step shown, the lab's, and the last serial."""
    app.session_state["stepper:dots"] = {"step": message}
    app.run()
    assert not app.exception
    return str(app.text[0].value)


def test_it_starts_at_the_labs_step(page: Page) -> None:
    assert page().text[0].value == "0 0 0"
    assert page(moment=3).text[0].value == "3 3 0"


def test_a_step_is_taken_and_answered(page: Page) -> None:
    app = page()
    assert send(app, {"step": 2, "serial": 1}) == "2 2 1"
    assert send(app, {"step": 4, "serial": 7}) == "4 4 7"


def test_a_message_seen_before_changes_nothing(page: Page) -> None:
    app = page(moment=1, applied={"stepper:dots": 5})
    assert send(app, {"step": 4, "serial": 5}) == "1 1 5"
    assert send(app, {"step": 4, "serial": 3}) == "1 1 5"
    assert send(app, {"step": 4, "serial": 6}) == "4 4 6"


def test_what_a_table_has_applied_stays(page: Page) -> None:
    app = page(applied={"embeddings": 9})
    send(app, {"step": 1, "serial": 1})
    assert app.session_state["session"].lab.applied == {"embeddings": 9, "stepper:dots": 1}


def test_a_step_beyond_the_last_shows_the_last(page: Page) -> None:
    assert page(moment=40).text[0].value == "4 40 0"  # tokens were removed since


@pytest.mark.parametrize(
    "message",
    [
        None,
        "next",
        [1, 2],
        {},
        {"step": 2},
        {"serial": 1},
        {"step": "2", "serial": 1},
        {"step": 2.5, "serial": 1},
        {"step": True, "serial": 1},
        {"step": -1, "serial": 1},
        {"step": 512, "serial": 1},
        {"step": 2, "serial": True},
        {"step": 2, "serial": -1},
        {"step": 2, "serial": 10**30},
        {"step": 2, "serial": float("nan")},
        {"step": {"deep": [[]]}, "serial": [1]},
    ],
)
def test_what_no_stepper_sends_is_ignored(page: Page, message: object) -> None:
    assert send(page(), message) == "0 0 0"
