"""Start here: the whole of self-attention on one screen, every number of it editable."""

import streamlit as st

from attention_core import SIMPLE_SELF_ATTENTION
from ui.lessons.start_here import figures as start
from ui.parts import goal, lens, ripple, step_view, worksheet
from ui.parts.predict import prediction
from ui.parts.questions import doubled_first_value
from ui.server import live

st.title("What does self-attention do to a sentence?", anchor=False)
st.markdown(
    "Each token looks at every token, decides how much each one matters to it, and takes home a "
    "mixture: its **context vector**.  \n"
    "**Try this first:** drag a number in the table sideways, or type another sentence, and watch "
    "every picture follow."
)

lab, table = worksheet.worksheet()

trace = start.trace_of(lab)

ripple.status(trace, lab, worksheet.inputs_of)
live.figures("figures:start", lab)

lens.section(trace, lab, start.PLACES, live.figures, start.OWN)
goal.section(trace, lab, start.trace_of, start.OWN)

st.subheader("The formula", anchor=False)
step_view.formulas(SIMPLE_SELF_ATTENTION, conventions=lab.conventions)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("Paste this anywhere PyTorch runs: it computes every step above again.")
step_view.code(trace, worksheet.labels_of(lab), conventions=lab.conventions)

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
