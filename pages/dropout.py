"""Dropout: some weights become 0 at random, the others grow, and on average nothing is lost."""

import streamlit as st

from ui.cards import embeddings
from ui.lessons.dropout import controls
from ui.lessons.dropout.lesson import LESSON
from ui.lessons.dropout.runs import inputs_of, trace_of
from ui.lessons.dropout.words import PLATFORM, sums_said
from ui.parts import closing, figure_group, ripple, step_view, weight_tables, worksheet

st.title(LESSON.question, anchor=False)
st.markdown(
    "A model that always finds the same helpful token leans on it. **Dropout** makes it do "
    "without, at random: in each step of training some weights are 0, others the next time.  \n"
    "**Try this first:** switch *Training* off and on again, and watch the weights after dropout."
)

weight_tables.take_in()
lab, table = worksheet.worksheet()
conventions = lab.conventions
say = conventions.say
trace, tokens = trace_of(lab), embeddings.labels_of(lab)

st.subheader("1. Weights, dropped, mixed", anchor=False)
controls.dropout_controls(lab)
ripple.status(trace, lab, inputs_of)
figure_group.figures("figures:dropping", lab)
st.caption(PLATFORM)
st.caption("The mask is that of the page *Causal attention*.")

st.subheader(say("2. Why a weight can exceed 1, and a {row} need not sum to 1"), anchor=False)
numbers, words = st.columns(2, gap="medium")
with numbers:
    controls.sums_table(trace, tokens, conventions)
with words:
    st.markdown(sums_said(trace, lab))

st.subheader("3. On average nothing is lost", anchor=False)
st.markdown(
    "Draw N times, each time from the next seed, and take the mean of the weights after dropout. "
    "On the whole it comes closer to the weights of evaluation, about as fast as 1 / √N shrinks: "
    "of four times the draws, expect half the distance."
)
controls.draws_slider(lab)
figure_group.figures("figures:mean_draws", lab)

st.subheader("The formula", anchor=False)
step_view.formulas(trace.mechanism, only=("weights", "dropped", "context"), conventions=conventions)

closing.pytorch(
    "Here what is kept is written out, so that the same is dropped on any computer. In a model "
    "`nn.Dropout` draws it anew each time, between `model.train()` and `model.eval()`.",
    trace,
    tokens,
    lab,
)

st.subheader("The weights it runs with", anchor=False)
weight_tables.options(lab)
weights = st.container()

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with weights:
    weight_tables.tables(lab)
with table:
    worksheet.embeddings_table(lab)
