"""Causal attention: who may attend to whom, two ways to make it so, and what leaks without."""

import streamlit as st

from ui.cards import embeddings
from ui.cards.mask import inputs_of
from ui.cards.torch_compared import compared
from ui.lessons.causal_attention import controls
from ui.lessons.causal_attention import figures as causal
from ui.lessons.causal_attention.lesson import LESSON
from ui.lessons.causal_attention.runs import renormalised_of, trace_of
from ui.lessons.causal_attention.words import blind_said, underflown_said
from ui.parts import closing, figure_group, ripple, step_view, weight_tables, worksheet

st.title(LESSON.question, anchor=False)
st.markdown(
    "A model that is to guess the next word must not look at it. A **mask** says who may attend "
    "to whom; the causal one lets each token see itself and what came before.  \n"
    "**Try this first:** click a 0 in the mask below, and follow what its 1 does to the "
    "pictures after it."
)

weight_tables.take_in()
lab, table = worksheet.worksheet()
conventions = lab.conventions
say = conventions.say
trace, tokens = trace_of(lab), embeddings.labels_of(lab)

st.subheader("1. The mask: who may attend to whom", anchor=False)
choice, painting = st.columns([2, 3], gap="medium")
with choice:
    controls.mask_controls(lab)
    st.markdown(
        "`True` (1) means *may attend*, as in `scaled_dot_product_attention`. "
        "`nn.MultiheadAttention` has it **the other way round**: there `True` means *may not*. "
        "To give it this mask, write `attn_mask=~mask`."
    )
with painting:
    controls.painter(lab)
blind = blind_said(lab)
if blind:
    st.info(blind, icon=":material/visibility_off:")

st.subheader("2. −∞ before the softmax", anchor=False)
st.markdown(
    "A hidden score becomes −∞ (an empty cell). exp(−∞) is 0, so softmax shares out everything "
    "among the tokens that may be seen, if there is one, and nothing has to be repaired afterwards."
)
ripple.status(trace, lab, inputs_of)
figure_group.figures("figures:masked", lab)

st.subheader("3. Or 0 after it, and divide again", anchor=False)
st.markdown(
    say(
        "The same in three steps: softmax over everything, then 0 for what is hidden, then "
        "each {row} divided by what is left of it. The softmax's own divisor cancels, so the "
        "weights come out equal, but for rounding. The last picture is the difference."
    )
)
figure_group.figures("figures:renormalised", lab)
underflown = underflown_said(lab)
if underflown:
    st.info(underflown, icon=":material/lightbulb:")

st.subheader("4. The context vectors", anchor=False)
mixed, theirs = st.columns([3, 2], gap="medium")
with mixed:
    figure_group.figures("figures:causal_context", lab)
with theirs:
    st.markdown("Torch's own attention, given the same mask:")
    st.caption(compared(trace))

st.subheader("5. The leak detector", anchor=False)
st.markdown(
    say(
        "Change a token, run everything a second time, and compare: whoever comes **before** it "
        "must not notice. With the causal mask their context vectors are exactly the same, bit for "
        "bit; without a mask the cells that leak light up. Until you choose a token, the detector "
        "follows the mask: a 1 that you paint above the diagonal makes it change the token of that "
        "{column}."
    )
)
controls.leak_chooser(lab)
figure_group.figures("figures:leaks", lab)

closing.lens_and_goal(LESSON, trace, lab)

st.subheader("The formula", anchor=False)
step_view.formulas(
    trace.mechanism, only=(*causal.BEFORE, "dropped", "context"), conventions=conventions
)
st.markdown("With the mask after the softmax instead:")
step_view.formulas(
    renormalised_of(lab).mechanism,
    only=("shares", "zeroed", "weights"),
    conventions=conventions,
)

closing.pytorch(
    "Paste this anywhere PyTorch runs: it computes the steps of sections 2 and 4 again.",
    trace,
    tokens,
    lab,
)

st.subheader("The weights it runs with", anchor=False)
weight_tables.options(lab)
weights = st.container()

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with weights:
    weight_tables.tables(lab)
with table:
    worksheet.embeddings_table(lab)
