"""Side by side: one sentence through every mechanism, one row each, on one scale."""

import streamlit as st

from ui.cards.questions import doubled_embeddings
from ui.lessons.side_by_side import controls
from ui.lessons.side_by_side import figures as side_by_side
from ui.parts import figure_group, weight_tables, worksheet
from ui.parts.code_view import code
from ui.parts.predict import prediction

st.title("What does each mechanism make of the same sentence?", anchor=False)
lab_said = st.empty()

weight_tables.take_in(side_by_side.TABLES)
lab, table = worksheet.worksheet()
conventions = lab.conventions
lab_said.markdown(
    conventions.said(
        "Five ways of attending, on your own numbers, all weights in the same colours from 0 to 1."
        "  \n**Try this first:** compare the last row of *Self-attention* with that of *Causal "
        "self-attention*, then the row above. The last token sees everything in both, so its row "
        "is the same; the others have fewer tokens to share among."
    )
)

st.subheader("What may be learned", anchor=False)
weight_tables.options(lab)
controls.heads_chooser(lab)
weights = st.container()

for number, (which, shown) in enumerate(side_by_side.SHOWN.items(), start=1):
    st.subheader(f"{number}. {shown.title}", anchor=False)
    st.markdown(conventions.said(shown.told))
    if which == "cross":
        controls.other_field(lab)
        st.markdown(conventions.said(side_by_side.self_or_cross(lab)))
    if which in side_by_side.possible(lab):
        figure_group.figures(f"{side_by_side.PLACE}{which}", lab)
    else:
        st.warning(side_by_side.unsplit(lab), icon=":material/error:")
    if which == "heads" and not side_by_side.unsplit(lab):
        st.caption(side_by_side.stacked_said(lab))

st.subheader("All of them in numbers", anchor=False)
st.markdown(
    conventions.said(
        "Entropy says over how many tokens a row spreads its attention: 0 bits for one, 1 bit for "
        "two in equal parts, and one bit more each time their number doubles."
    )
)
st.markdown(
    rf"$\displaystyle {side_by_side.entropy_formula(conventions)}$", text_alignment="center"
)
controls.numbers(lab)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("The weights of each mechanism, one after the other:")
with st.expander("PyTorch of all mechanisms"):
    code("side by side", side_by_side.code_of(lab))

st.subheader("What to try", anchor=False)
st.markdown(
    conventions.said(
        "- Set all *Query weights* to 0 (and the query bias, if there is one): the rows of *Simple "
        "self-attention* stay; every other score is 0, and all other rows become even, each over "
        "the tokens it may attend to.\n"
        "- Begin the weights by `nn.Linear`: from embeddings as small as the notebook's they make "
        "small scores, and entropies come close to their largest.\n"
        "- Type your own sentence as the other one too: *Cross-attention* becomes *Self-attention* "
        f"(without biases, and with at most {side_by_side.MOST_OTHER} tokens).\n"
        "- Choose as many heads as d_out: each compares a single number."
    )
)
prediction("side", *doubled_embeddings(lab))

with weights:
    weight_tables.tables(lab, side_by_side.TABLES)
with table:
    worksheet.embeddings_table(lab)
