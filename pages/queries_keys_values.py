"""Queries, keys, values: trainable weights, and one token in three roles."""

import streamlit as st

from ui.cards import embeddings
from ui.cards.parameters import inputs_of
from ui.cards.torch_compared import compared
from ui.lessons.queries_keys_values import controls
from ui.lessons.queries_keys_values import figures as trainable
from ui.lessons.queries_keys_values.lesson import LESSON
from ui.lessons.queries_keys_values.words import roles_said, roots_said, spread_said
from ui.parts import closing, figure_group, ripple, weight_tables, worksheet

st.title(LESSON.question, anchor=False)
st.markdown(
    "So far a token's embedding was everything at once. Three trainable matrices now make it a "
    "**query** (what it asks), a **key** (what it is found by) and a **value** (what it gives).  \n"
    "**Try this first:** drag a number of *Query weights* sideways: queries change, keys "
    "and values stay, and the scores follow the queries."
)

weight_tables.take_in()
lab, table = worksheet.worksheet()
conventions = lab.conventions
trace, tokens = trainable.trace_of(lab), embeddings.labels_of(lab)

st.subheader("The three trainable matrices", anchor=False)
weight_tables.options(lab, has_value_width=True)
weights = st.container()

st.subheader("1. One token, three roles", anchor=False)
controls.token_chooser(lab)
ripple.status(trace, lab, inputs_of)
figure_group.figures("figures:projected", lab)
st.markdown(roles_said(trace, lab))

st.subheader("2. Scores, scaled, become weights", anchor=False)
st.markdown(roots_said(lab))
figure_group.figures("figures:attending", lab)
st.caption(compared(trace))

st.subheader("3. Why divide by √d_k?", anchor=False)
st.markdown(
    "A dot product of wider vectors adds up more products. Where their entries are independent, "
    "with mean 0 and variance 1, its variance is d_k: scores spread further apart, and softmax of "
    "scores far apart gives nearly everything to one key, so that its gradients vanish. Dividing "
    "by √d_k brings this spread back to 1. Here are 64 such queries and keys for each width, "
    f"really drawn and multiplied. {spread_said(trace)}"
)
controls.width_slider(lab)
figure_group.figures("figures:scale", lab)

closing.lens_and_goal(LESSON, trace, lab)

closing.formula(trace.mechanism, lab)

closing.pytorch(
    "Paste this anywhere PyTorch runs: it computes every step of sections 1 and 2 again.",
    trace,
    tokens,
    lab,
)

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with weights:
    weight_tables.tables(lab)
with table:
    worksheet.embeddings_table(lab)
