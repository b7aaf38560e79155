"""To self-attention: three ways for one sequence to ask another, then to ask itself."""

import streamlit as st

from ui.cards import parameters
from ui.lessons.to_self_attention import controls
from ui.lessons.to_self_attention import figures as to_self
from ui.lessons.to_self_attention.lesson import LESSON
from ui.lessons.to_self_attention.ways import PLACE, WAYS, trace_of
from ui.lessons.to_self_attention.words import compared
from ui.parts import closing, figure_group, step_view, weight_tables, worksheet
from ui.parts.code_view import code

st.title(LESSON.question, anchor=False)
st.markdown(
    "In Bahdanau's translator the decoder's state **asks** all states of the encoder which of them "
    "matter for the next word. Its own state before it always had; what it could not reach until "
    "then were the encoder's *earlier states*, of which it was given the last one only. Take the "
    "recurrence away and let a sequence ask itself: that is self-attention.  \n"
    "**Try this first:** turn on *Make both sequences the same*, and every matrix of weights "
    "becomes square."
)

weight_tables.take_in(parameters.ALIGNMENT)
lab, table = worksheet.worksheet()
conventions = lab.conventions

st.subheader("Who asks whom?", anchor=False)
controls.sequences(lab)
st.caption(
    "Here embeddings stand in for the states of decoder and encoder, so that you can edit each "
    "number. A word of both sequences has one embedding."
)

st.subheader("What the alignment model learns", anchor=False)
weight_tables.options(lab, width=to_self.WIDTH)
weights = st.container()

for number, (which, shown) in enumerate(WAYS.items(), start=1):
    st.subheader(f"{number}. {shown.title}", anchor=False)
    st.markdown(shown.told)
    formula = to_self.formula_of(which, lab, conventions)
    st.markdown(rf"$\displaystyle {formula}$", text_alignment="center")
    figure_group.figures(f"{PLACE}{which}", lab)
    st.caption(compared(lab, which))

st.subheader("What each costs, and why the dot product won", anchor=False)
st.markdown("From these inputs to the numbers that the softmax gets:")
controls.cost_table(lab)
st.markdown(
    "- **Additive attention** takes a tanh for every pair and every dimension, and its largest "
    "tensor holds them all. In return it is learned, and queries and keys may differ in width.\n"
    "- **Dot products** of all pairs are one matrix product, what hardware does best. They need "
    f"queries and keys of equal width: here both have {lab.d} numbers.\n"
    f"- **Dividing by √d_k** (here √{lab.d}) is one division for each pair. Without it, scores "
    "spread further apart the wider vectors of independent entries are, until the softmax gives "
    "nearly everything to one key.\n\n"
    "What the dot product lost is what was learned. *Queries, keys, values* brings it back: there "
    "queries and keys are projections again, but multiplied and not added."
)

closing.lens_and_goal(LESSON, trace_of(lab), lab)

st.subheader("The formula", anchor=False)
st.markdown("Additive attention, step by step; the other two have its last two steps.")
step_view.formulas(trace_of(lab).mechanism, conventions=conventions)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("All three, one after the other: every step above again.")
with st.expander("PyTorch of all three"):
    code("to self", to_self.code_of(lab))

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with weights:
    weight_tables.tables(lab, parameters.ALIGNMENT)
with table:
    worksheet.embeddings_table(lab)
