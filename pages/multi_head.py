"""Multi-head: several heads at once, how they are joined, and what each contributes."""

import streamlit as st

from ui.cards import embeddings, parameters
from ui.cards.torch_compared import compared
from ui.lessons.multi_head import controls
from ui.lessons.multi_head.lesson import LESSON
from ui.lessons.multi_head.runs import inputs_of, trace_of
from ui.lessons.multi_head.words import differs_said, split_said
from ui.parts import closing, figure_group, ripple, weight_tables, worksheet

EDITABLE = (*parameters.WEIGHTS, *parameters.BIASES, *parameters.OUT)

st.title(LESSON.question, anchor=False)
st.markdown(
    "One softmax per token shares out its attention once. **Heads** split queries, keys and "
    "values among them, and each shares out an attention of its own; then their context vectors "
    "are put side by side and mixed.  \n"
    "**Try this first:** switch a head off below *What each head contributes* and see what is left "
    "of the output."
)

weight_tables.take_in(EDITABLE)
lab, table = worksheet.worksheet()
conventions, tokens = lab.conventions, embeddings.labels_of(lab)

st.subheader("The trainable matrices", anchor=False)
controls.heads_options(lab)
weight_tables.options(lab)
weights = st.container()

trace = trace_of(lab)

st.subheader("1. All heads, in one colour scale", anchor=False)
ripple.status(trace, lab, inputs_of)
figure_group.figures("figures:heads", lab)
st.markdown(differs_said(trace, tokens, conventions))

st.subheader("2. One head, step by step", anchor=False)
controls.head_chooser(lab)
picture, words = st.columns([3, 2], gap="medium")
with picture:
    figure_group.figures("figures:head", lab)
with words:
    st.markdown(split_said(lab))
figure_group.figures("figures:head_steps", lab)

st.subheader("3. Side by side, then mixed", anchor=False)
figure_group.figures("figures:joined", lab)
st.caption(compared(trace))

st.subheader("4. What each head contributes", anchor=False)
controls.on_switches(lab)
controls.cell_chooser(lab)
figure_group.figures("figures:contributions", lab)
controls.parts_table(lab)

st.subheader("5. Separate heads, stacked, are the same", anchor=False)
st.markdown(
    "The chapter first writes a class for one head and keeps a list of them, then one class with a "
    "single, split projection. Given the same weights, both make the same output, but for "
    "rounding:"
)
figure_group.figures("figures:stacked", lab)

closing.lens_and_goal(LESSON, trace, lab)

closing.formula(trace.mechanism, lab)

closing.pytorch(
    "Paste this anywhere PyTorch runs: it computes the steps of sections 1 to 3 again.",
    trace,
    tokens,
    lab,
)

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with weights:
    weight_tables.tables(lab, EDITABLE)
with table:
    worksheet.embeddings_table(lab)
