"""The end of every page: lens and goal, the formula, PyTorch, what to try, and a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from attention_core import Mechanism, Trace
from ui.lab.lab import Lab
from ui.lessons.lesson import Lesson
from ui.parts import goal, gradient_lens, step_view
from ui.parts.predict import prediction


def lens_and_goal(lesson: Lesson, trace: Trace, lab: Lab) -> None:
    """Draw the gradient lens and goal seek of a lesson's main run, where it has them.

    Args:
        lesson: Whose.
        trace: Its main run, as it is on screen.
        lab: What the user chose.
    """
    run = lesson.main_run
    if run and run.has_lens:
        gradient_lens.section(run, trace, lab)
    if run and run.has_goal:
        goal.section(run, trace, lab)


def formula(mechanism: Mechanism, lab: Lab, **how: Any) -> None:
    """Draw the formulas of a mechanism under their heading.

    Args:
        mechanism: Whose.
        lab: What the user chose.
        how: As for ``step_view.formulas``.
    """
    st.subheader("The formula", anchor=False)
    step_view.formulas(mechanism, conventions=lab.conventions, **how)


def pytorch(said: str, trace: Trace, tokens: Sequence[str], lab: Lab) -> None:
    """Draw the PyTorch of a run under its heading.

    Args:
        said: What it computes, as Markdown.
        trace: The run.
        tokens: One label per token.
        lab: What the user chose.
    """
    st.subheader("The same in PyTorch", anchor=False)
    st.markdown(said)
    step_view.code(trace, tokens, conventions=lab.conventions)


def to_try(lesson: Lesson, lab: Lab) -> None:
    """Draw what to try."""
    st.subheader("What to try", anchor=False)
    st.markdown(lesson.to_try(lab))


def predictions(lesson: Lesson, lab: Lab) -> None:
    """Ask what the lesson asks, each answer held against what the core computes."""
    for name, ask in lesson.predictions.items():
        prediction(name, *ask(lab))
