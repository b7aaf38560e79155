"""Side by side: one sentence through every mechanism, one row each, on one scale."""

import streamlit as st

from ui.lessons.side_by_side import controls
from ui.lessons.side_by_side import figures as side_by_side
from ui.lessons.side_by_side.kinds import KINDS, PLACE, possible, unsplit
from ui.lessons.side_by_side.lesson import LESSON
from ui.lessons.side_by_side.taken import code_of
from ui.lessons.side_by_side.words import self_or_cross, stacked_said
from ui.parts import closing, figure_group, weight_tables, worksheet
from ui.parts.code_view import code
from ui.parts.other_sentence import other_field

st.title(LESSON.question, anchor=False)
lab_said = st.empty()

weight_tables.take_in(side_by_side.TABLES)
lab, table = worksheet.worksheet()
conventions = lab.conventions
lab_said.markdown(
    conventions.say(
        "Five ways of attending, on your own numbers, all weights in the same colours from 0 to 1."
        "  \n**Try this first:** compare the last {row} of *Self-attention* with that of *Causal "
        "self-attention*, then the {row} above. The last token sees everything in both, so its "
        "{row} is the same; the others have fewer tokens to share among."
    )
)

st.subheader("What may be learned", anchor=False)
weight_tables.options(lab)
controls.heads_chooser(lab)
weights = st.container()

for number, (which, shown) in enumerate(KINDS.items(), start=1):
    st.subheader(f"{number}. {shown.title}", anchor=False)
    st.markdown(conventions.say(shown.told))
    if which == "cross":
        other_field(lab)
        st.markdown(self_or_cross(lab))
    if which in possible(lab):
        figure_group.figures(f"{PLACE}{which}", lab)
    else:
        st.warning(unsplit(lab), icon=":material/error:")
    if which == "heads" and not unsplit(lab):
        st.caption(stacked_said(lab))

st.subheader("All of them in numbers", anchor=False)
st.markdown(
    conventions.say(
        "Entropy says over how many tokens a {row} spreads its attention: 0 bits for one, 1 bit "
        "for two in equal parts, and one bit more each time their number doubles."
    )
)
st.markdown(
    rf"$\displaystyle {side_by_side.entropy_formula(conventions)}$", text_alignment="center"
)
controls.numbers(lab)

st.subheader("The same in PyTorch", anchor=False)
st.markdown("The weights of each mechanism, one after the other:")
with st.expander("PyTorch of all mechanisms"):
    code("side by side", code_of(lab))

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with weights:
    weight_tables.tables(lab, side_by_side.TABLES)
with table:
    worksheet.embeddings_table(lab)
