"""Normalisation lab: one row of scores, and why softmax is the way to make weights of it."""

import streamlit as st

from ui.cards import step_cards
from ui.cards.questions import five_more
from ui.lab import state
from ui.lessons.normalisation_lab import controls
from ui.lessons.normalisation_lab import figures as normalisation
from ui.lessons.one_query.controls import shares_table
from ui.parts import figure_group, matrix_table, step_view
from ui.parts.code_view import code
from ui.parts.predict import prediction

st.title("Why softmax, and not simply a share of the sum?", anchor=False)
st.markdown(
    "Scores can be any numbers; weights should be shares: none below 0, together 1. Here are three "
    "ways to make weights of one row of scores, and what breaks them.  \n"
    "**Try this first:** choose *A negative score*, then *A score of 1000*, and see which survives."
)

matrix_table.take_in(normalisation.ROW)
lab = state.current()
table = st.container()
controls.row_buttons(lab)
controls.options(lab)

trace = normalisation.trace_of(lab)

st.subheader("Three ways to make weights", anchor=False)
if lab.temperature != 1:
    figure_group.figures("figures:scaled", lab)
figure_group.figures("figures:ways", lab)
shares_table(trace, normalisation.keys_of(lab))

st.subheader("What the numbers are held in", anchor=False)
st.markdown(normalisation.rounding_said(trace))
controls.dtype_table(lab)

st.subheader("Gradients: how softmax answers", anchor=False)
picture, words = st.columns([3, 2], gap="medium")
with picture:
    figure_group.figures("figures:jacobian", lab)
with words:
    jacobian, _ = normalisation.jacobian_of(lab)
    st.markdown(normalisation.jacobian_said(jacobian, lab))

st.subheader("The formula", anchor=False)
step_view.formulas(trace.mechanism, conventions=lab.conventions)
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

st.subheader("What to try", anchor=False)
st.markdown(
    "- Turn the temperature down: softmax gives more and more to the largest score, or to those "
    "that tie for it. Turn it up: it evens out. Dividing by the sum does not notice, but for "
    "rounding.\n"
    "- Choose *A negative score*: dividing by the sum gives weights below 0 and above 1.\n"
    "- At temperature 1, choose float16 and set a score to 12: the naive softmax breaks long "
    "before 1000.\n"
    "- Choose bfloat16 and look at the sums: where they miss 1, it is rounding, not a mistake."
)
prediction("normalisation", *five_more(lab))

with table:
    controls.row_table(lab)
