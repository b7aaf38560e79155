"""Normalisation lab: one row of scores, and why softmax is the way to make weights of it."""

import streamlit as st

from ui.cards import step_cards
from ui.lab import state
from ui.lessons.normalisation_lab import controls
from ui.lessons.normalisation_lab import figures as normalisation
from ui.lessons.normalisation_lab.choices import NormalisationChoices
from ui.lessons.normalisation_lab.lesson import LESSON
from ui.lessons.normalisation_lab.row import ROW, jacobian_of, keys_of, trace_of
from ui.lessons.normalisation_lab.words import jacobian_said, rounding_said
from ui.parts import closing, figure_group, matrix_table
from ui.parts.code_view import code
from ui.parts.shares_table import shares_table

st.title(LESSON.question, anchor=False)
st.markdown(
    "Scores can be any numbers; weights should be shares: none below 0, together 1. Here are three "
    "ways to make weights of one row of scores, and what breaks them.  \n"
    "**Try this first:** choose *A negative score*, then *A score of 1000*, and see which survives."
)

matrix_table.take_in(ROW)
lab = state.current()
table = st.container()
controls.row_buttons(lab)
controls.options(lab)

trace = trace_of(lab)

st.subheader("Three ways to make weights", anchor=False)
if lab.of(NormalisationChoices).temperature != 1:
    figure_group.figures("figures:scaled", lab)
figure_group.figures("figures:ways", lab)
shares_table(trace, keys_of(lab))

st.subheader("What the numbers are held in", anchor=False)
st.markdown(rounding_said(trace))
controls.dtype_table(lab)

st.subheader("Gradients: how softmax answers", anchor=False)
picture, words = st.columns([3, 2], gap="medium")
with picture:
    figure_group.figures("figures:jacobian", lab)
with words:
    jacobian, _ = jacobian_of(lab)
    st.markdown(jacobian_said(jacobian, lab))

closing.formula(trace.mechanism, lab)
st.markdown(
    rf"$\displaystyle {normalisation.jacobian_latex(lab.conventions)}$", text_alignment="center"
)
st.markdown(
    r"- $T$ — the temperature; the last formula is the Jacobian, in float64. $\delta_{ij}$ is 1 "
    "where $i = j$, and 0 elsewhere."
)

st.subheader("The same in PyTorch", anchor=False)
if lab.conventions.is_turned:
    st.caption(step_cards.IN_TORCH)
code("all", normalisation.code(lab, trace))

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with table:
    controls.row_table(lab)
