"""Queries, keys, values: trainable weights, and one token in three roles."""

import streamlit as st

from ui import goal, lens, live, parameters, ripple, step_view, trainable, worksheet
from ui.predict import prediction
from ui.questions import doubled_query_weights

st.title("Why does a token get three vectors instead of one?", anchor=False)
st.markdown(
    "So far a token's embedding was everything at once. Three trainable matrices now make it a "
    "**query** (what it asks), a **key** (what it is found by) and a **value** (what it gives).  \n"
    "**Try this first:** drag a number of *Query weights* sideways: queries change, keys "
    "and values stay, and every score moves."
)

parameters.take_in()
lab, table = worksheet.worksheet()
conventions = lab.conventions
trace, tokens = trainable.trace_of(lab), worksheet.labels_of(lab)

st.subheader("The three trainable matrices", anchor=False)
parameters.options(lab, has_value_width=True)
weights = st.container()

st.subheader("1. One token, three roles", anchor=False)
trainable.token_chooser(lab)
ripple.status(trace, lab, trainable.inputs_of)
live.figures("figures:projected", lab)
st.markdown(conventions.said(trainable.roles_said(trace, lab)))

st.subheader("2. Scores, scaled, become weights", anchor=False)
st.markdown(trainable.roots_said(lab))
live.figures("figures:attending", lab)
st.caption(trainable.compared(trace))

st.subheader("3. Why divide by √d_k?", anchor=False)
st.markdown(
    "A dot product of wider vectors adds up more products, so scores spread further apart, and "
    "softmax of scores far apart gives nearly everything to one key: its gradients vanish. "
    "Dividing by √d_k keeps the spread near 1. Here are 64 random queries and keys for each width, "
    "really drawn and multiplied:"
)
trainable.width_slider(lab)
live.figures("figures:scale", lab)

lens.section(trace, lab, trainable.PLACES, live.figures, trainable.OWN)
goal.section(trace, lab, trainable.trace_of, trainable.OWN)

st.subheader("The formula", anchor=False)
step_view.formulas(trace.mechanism, conventions=conventions)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("Paste this anywhere PyTorch runs: it computes exactly the numbers above.")
step_view.code(trace, tokens, conventions=conventions)

st.subheader("What to try", anchor=False)
st.markdown(
    "- Make *Key weights* equal to *Query weights*: the scores become symmetric, each pair of "
    "tokens with one score for both directions.\n"
    "- Set a whole matrix of *Query weights* to 0: every score is 0, every weight the same.\n"
    "- Give the values another width: scores and weights stay, only the context vectors change.\n"
    "- Begin the weights by `nn.Linear` instead of `torch.rand`: numbers of both signs, smaller, "
    "and weights close to even. The same seed gives what the chapter's classes print."
)
prediction("qkv", *doubled_query_weights(lab))

with weights:
    parameters.tables(lab)
with table:
    worksheet.embeddings_table(lab)
