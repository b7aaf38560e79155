"""All tokens at once: the same as for one query, for every row of a matrix in one product."""

import streamlit as st

from ui.cards import embeddings
from ui.lab import state
from ui.lessons.all_tokens import controls
from ui.lessons.all_tokens.choices import AllTokensChoices
from ui.lessons.all_tokens.lesson import LESSON
from ui.lessons.all_tokens.runs import order_of, trace_of
from ui.lessons.all_tokens.words import LOOPS_CODE, moves, partly, sums_explained
from ui.parts import closing, figure_group, ripple, step_view, worksheet
from ui.parts.code_view import code

say = state.current().conventions.say
st.title(LESSON.question, anchor=False)
st.markdown(
    say(
        "One query gave one {row} of scores. Every token is a query, so there are as many {rows}: "
        "a matrix.  \n**Try this first:** choose another query token below and follow its lit "
        "{row} through all three pictures."
    )
)

lab, table = worksheet.worksheet()
tokens = embeddings.labels_of(lab)

trace, conventions = trace_of(lab), lab.conventions

st.subheader("All scores: two loops, or one product", anchor=False)
part = partly(len(tokens), lab.d)
if part:
    st.markdown(part)
figure_group.figures("figures:loops", lab)
controls.timings(lab)
state.take_along(state.TakenAlong(measured=controls.measured))

st.subheader(say("All {rows}: weights and context vectors"), anchor=False)
controls.query_chooser(lab)
ripple.status(trace, lab, embeddings.inputs_of)
figure_group.figures("figures:all", lab)

st.subheader("Which axis? Look at the sums", anchor=False)
numbers, words = st.columns(2, gap="medium")
with numbers:
    controls.sums_table(trace, tokens, conventions)
with words:
    controls.axis_switch(lab)
    st.markdown(
        sums_explained(
            trace, wrong_axis=lab.of(AllTokensChoices).wrong_axis, conventions=lab.conventions
        )
    )
    line = trace.mechanism.step("weights").operation.pytorch("weights", "scores")
    code("line", line)

st.subheader("Does the order matter?", anchor=False)
st.markdown(
    say(
        "Shuffle the rows of the inputs and run everything again. Nothing in the mechanism knows "
        "where a token stands, so each context vector should come out the same, in another {row}."
    )
)
controls.order_buttons(lab)
figure_group.figures("figures:orders", lab)
order = order_of(len(tokens), lab.of(AllTokensChoices).order_seed)
st.markdown(moves(tokens, order, conventions))

closing.formula(trace.mechanism, lab)
if lab.of(AllTokensChoices).wrong_axis:
    st.caption("With the wrong axis the sum below the line runs over the queries instead.")

st.subheader("The same in PyTorch", anchor=False)
st.markdown("With two nested loops, the scores are:")
code("loops", LOOPS_CODE)
st.markdown("With a matrix product, every step is:")
step_view.code(trace, tokens, conventions=conventions)

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with table:
    worksheet.embeddings_table(lab)
