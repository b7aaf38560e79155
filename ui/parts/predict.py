"""A prediction on the page: the learner answers first, then the core says what is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import streamlit as st

from ui.cards.literal import literal
from ui.cards.prediction import Truth
from ui.lab import state
from ui.parts.widgets import set_widget

LABEL = "Your prediction"
FEW = 8  # options that fit beside each other


def prediction(name: str, question: str, options: Sequence[str], truth: Truth) -> None:
    """Ask, and once the learner has answered say what the core computed.

    Args:
        name: Whose answer it is, different for each prediction of the app.
        question: Markdown; the user's words in it are already literal.
        options: What can be answered, as plain text.
        truth: What is right now, for the numbers on screen.
    """
    st.subheader("Predict, then check", anchor=False)
    st.markdown(question)
    widget_key = f"_answer:{name}"
    said = state.current().answers.get(name)
    index = options.index(said) if said in options else None
    set_widget(widget_key, index)
    choose = _radio if len(options) <= FEW else _select
    shown = truth.shown or tuple(options)
    choose(options, shown, widget_key, name, index)
    if index is None:
        st.caption("Choose an answer, and see what your own numbers give.")
    elif index == truth.right or index in truth.also:
        st.success(f"Right. {truth.because}", icon=":material/check_circle:")
    else:
        answer = literal(shown[truth.right])
        st.info(f"Not quite: it is **{answer}**. {truth.because}", icon=":material/lightbulb:")


def _radio(
    options: Sequence[str], shown: Sequence[str], widget_key: str, name: str, index: int | None
) -> None:
    st.radio(
        LABEL,
        range(len(options)),
        key=widget_key,
        index=index,
        format_func=lambda position: literal(shown[position]),
        horizontal=True,
        on_change=_answered,
        args=(name, tuple(options)),
    )


def _select(
    options: Sequence[str], shown: Sequence[str], widget_key: str, name: str, index: int | None
) -> None:
    st.selectbox(
        LABEL,
        range(len(options)),
        key=widget_key,
        index=index,
        format_func=lambda position: shown[position],
        placeholder="Choose",
        on_change=_answered,
        args=(name, tuple(options)),
    )


def _answered(name: str, options: Sequence[str]) -> None:
    index = st.session_state[f"_answer:{name}"]
    lab = state.current()
    answers = {key: answer for key, answer in lab.answers.items() if key != name}
    if index is not None:
        answers[name] = options[index]
    state.commit(replace(lab, answers=MappingProxyType(answers)))
