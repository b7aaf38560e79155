"""Start here: the whole of self-attention on one screen, every number of it editable."""

import streamlit as st

from attention_core import SIMPLE_SELF_ATTENTION
from ui.cards import embeddings
from ui.cards.simple_run import trace_of
from ui.lessons.start_here.lesson import LESSON
from ui.parts import closing, figure_group, ripple, worksheet

st.title(LESSON.question, anchor=False)
st.markdown(
    "Each token looks at every token, decides how much each one matters to it, and takes home a "
    "mixture: its **context vector**.  \n"
    "**Try this first:** drag a number in the table sideways, or type another sentence, and watch "
    "every picture follow."
)

lab, table = worksheet.worksheet()

trace = trace_of(lab)

ripple.status(trace, lab, embeddings.inputs_of)
figure_group.figures("figures:start", lab)

closing.lens_and_goal(LESSON, trace, lab)

closing.formula(SIMPLE_SELF_ATTENTION, lab)

closing.pytorch(
    "Paste this anywhere PyTorch runs: it computes every step above again.",
    trace,
    embeddings.labels_of(lab),
    lab,
)

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with table:
    worksheet.embeddings_table(lab)
