"""Queries, keys, values: trainable weights, and one token in three roles."""

import streamlit as st

from ui.cards import embeddings
from ui.cards.questions import doubled_query_weights
from ui.lessons.queries_keys_values import controls
from ui.lessons.queries_keys_values import figures as trainable
from ui.parts import figure_group, goal, gradient_lens, ripple, step_view, weight_tables, worksheet
from ui.parts.predict import prediction

st.title("Why does a token get three vectors instead of one?", anchor=False)
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
ripple.status(trace, lab, trainable.inputs_of)
figure_group.figures("figures:projected", lab)
st.markdown(conventions.said(trainable.roles_said(trace, lab)))

st.subheader("2. Scores, scaled, become weights", anchor=False)
st.markdown(trainable.roots_said(lab))
figure_group.figures("figures:attending", lab)
st.caption(trainable.compared(trace))

st.subheader("3. Why divide by √d_k?", anchor=False)
st.markdown(
    "A dot product of wider vectors adds up more products. Where their entries are independent, "
    "with mean 0 and variance 1, its variance is d_k: scores spread further apart, and softmax of "
    "scores far apart gives nearly everything to one key, so that its gradients vanish. Dividing "
    "by √d_k brings this spread back to 1. Here are 64 such queries and keys for each width, "
    f"really drawn and multiplied. {trainable.spread_said(trace)}"
)
controls.width_slider(lab)
figure_group.figures("figures:scale", lab)

gradient_lens.section(trace, lab, trainable.PLACES, figure_group.figures, trainable.OWN)
goal.section(trace, lab, trainable.trace_of, trainable.OWN)

st.subheader("The formula", anchor=False)
step_view.formulas(trace.mechanism, conventions=conventions)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("Paste this anywhere PyTorch runs: it computes every step of sections 1 and 2 again.")
step_view.code(trace, tokens, conventions=conventions)

st.subheader("What to try", anchor=False)
st.markdown(
    "- Make *Key weights* equal to *Query weights* (and the key bias to the query bias, if there "
    "are biases): the scores become symmetric, each pair of tokens with one score for both "
    "directions.\n"
    "- Set all *Query weights* to 0 (and the query bias, if there is one): every score is 0, every "
    "weight the same.\n"
    "- Give the values another width: scores and weights stay, only values and context vectors "
    "change.\n"
    f"- Begin the weights by `nn.Linear` instead of `torch.rand`: {trainable.linear_said(lab)} "
    "With the chapter's seeds, 123 for `torch.rand` and 789 for `nn.Linear`, they are those of its "
    "classes."
)
prediction("qkv", *doubled_query_weights(lab))

with weights:
    weight_tables.tables(lab)
with table:
    worksheet.embeddings_table(lab)
