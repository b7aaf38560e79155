"""Start here: the whole of self-attention on one screen, every number of it editable."""

import streamlit as st

from attention_core import SIMPLE_SELF_ATTENTION
from ui.cards import embeddings
from ui.cards.questions import doubled_first_value
from ui.lessons.start_here import figures as start
from ui.parts import figure_group, goal, gradient_lens, ripple, step_view, worksheet
from ui.parts.predict import prediction

st.title("What does self-attention do to a sentence?", anchor=False)
st.markdown(
    "Each token looks at every token, decides how much each one matters to it, and takes home a "
    "mixture: its **context vector**.  \n"
    "**Try this first:** drag a number in the table sideways, or type another sentence, and watch "
    "every picture follow."
)

lab, table = worksheet.worksheet()

trace = start.trace_of(lab)

ripple.status(trace, lab, embeddings.inputs_of)
figure_group.figures("figures:start", lab)

gradient_lens.section(trace, lab, start.PLACES, figure_group.figures, start.OWN)
goal.section(trace, lab, start.trace_of, start.OWN)

st.subheader("The formula", anchor=False)
step_view.formulas(SIMPLE_SELF_ATTENTION, conventions=lab.conventions)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("Paste this anywhere PyTorch runs: it computes every step above again.")
step_view.code(trace, embeddings.labels_of(lab), conventions=lab.conventions)

st.subheader("What to try", anchor=False)
st.markdown(
    "- Make two rows of the table equal. "
    + lab.conventions.said("Their rows of weights become equal too.\n")
    + f"{start.ten_times_said(lab)}\n"
    "- Choose *All rows equal*: no token stands out, so every weight is the same."
)
prediction("start", *doubled_first_value(lab))

with table:
    worksheet.embeddings_table(lab)
