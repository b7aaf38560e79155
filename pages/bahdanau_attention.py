"""Bahdanau attention, step by step: a trained decoder looks back at every word that was read."""

import streamlit as st

from ui.cards import step_cards
from ui.lab import state
from ui.lessons.bahdanau_attention import controls
from ui.lessons.bahdanau_attention.choices import BahdanauChoices
from ui.lessons.bahdanau_attention.lesson import LESSON
from ui.lessons.bahdanau_attention.runs import ALL, NOW, SO_FAR, mechanism, problem_of, run_of
from ui.lessons.bahdanau_attention.states import ENCODER
from ui.lessons.bahdanau_attention.taken import code_of
from ui.lessons.bahdanau_attention.words import said_of_looks, symptom, translated
from ui.parts import closing, figure_group, matrix_table, step_view
from ui.parts.code_view import code
from ui.parts.numbers_field import numbers_field

st.title(LESSON.question, anchor=False)
st.markdown(
    "A translator without attention gets only the **last** encoder state and cannot reach the "
    "earlier ones. In 2014 Bahdanau, Cho and Bengio let the decoder choose anew, before each word, "
    "how much of **every** encoder state to take. This small one is really trained: English "
    "numbers to German.  \n"
    "**Try this first:** press **Play**. In the sentence that this page begins with, watch “vier "
    "und dreißig” cross “thirty four”."
)

matrix_table.take_in(ENCODER)
lab = state.current()
say = lab.conventions.say
numbers_field(lab)
problem = problem_of(lab)

if problem:
    st.error(f"There is no translation to show. {problem}", icon=":material/error:")
else:
    run = run_of(lab)
    st.markdown(translated(run))
    if not lab.of(BahdanauChoices).sees_encoder:
        st.caption("The classic bug of part 4 is switched on.")

    st.subheader("1. One word at a time", anchor=False)
    controls.play(lab, run)
    lab = state.current()
    controls.look_only(lab, run)
    figure_group.figures(NOW, lab)
    controls.terms(lab, run)

    st.subheader("2. Where it looked so far", anchor=False)
    st.markdown(
        say(
            "{Rows} are the words it writes, {columns} the words it read. German says *vier und "
            "dreißig*, four and thirty: so the two lines of such a number cross, where it looks "
            "right."
        )
    )
    figure_group.figures(SO_FAR, lab)
    st.markdown(f"**Over the whole sentence:** {said_of_looks(run)}")

    st.subheader("3. What it read: the encoder's states", anchor=False)
    st.markdown(
        "One state for each word, which the decoder finds it by (key) and takes from it (value). "
        "Edit a number: the weights follow, and sometimes the words. The decoder still begins at "
        "the last state as the encoder left it."
    )
    states = st.container()

    st.subheader("4. A classic bug", anchor=False)
    st.markdown(
        "Leave the encoder's part out of the energies, and everything still runs. PyTorch's own "
        "translation tutorial had such a bug for years: it scored the *places* of the sentence "
        "from the decoder alone, whatever word stood there. Its picture still looked plausible, as "
        "a decoder that counts along can learn where to look. Here there are no places to learn: "
        "without the encoder's part all words look alike."
    )
    controls.bug_switch(lab)
    if not lab.of(BahdanauChoices).sees_encoder:
        st.warning(symptom(lab), icon=":material/bug_report:")

    st.subheader("5. All words at once", anchor=False)
    figure_group.figures(ALL, lab)

st.subheader("The story, and the formula", anchor=False)
st.markdown(
    "- $h_j$ is the encoder's state after it has read word j. This encoder reads **from left to "
    "right only**; the paper's reads both ways and joins the two states.\n"
    "- $s_{i-1}$ is the decoder's state before it writes word i: it is what asks.\n"
    "- A small network, trained with the rest, gives each pair an **energy**, "
    r"$e_{ij} = v^\top \tanh(W s_{i-1} + U h_j)$."
    "\n"
    "- Softmax makes **weights** of the energies, and the weights mix the states to the "
    "**context vector** $c_i$. With it the decoder goes on to its next state and word.\n\n"
    "Nobody told the model which words belong together. It is no cure for everything: most "
    "sentences much longer than those of its training go wrong.\n\n"
    "In the words of this site: the queries are the $s_{i-1}$, keys and values the $h_j$, the "
    "scores the energies, and the query and key weights W and U."
)
step_view.formulas(mechanism(), conventions=lab.conventions)

if not problem:
    st.subheader("The same in PyTorch", anchor=False)
    st.markdown("The attention of every word, with the trained weights: exactly the numbers above.")
    with st.expander("PyTorch of the attention"):
        if lab.conventions.is_turned:
            st.caption(step_cards.IN_TORCH)
        code("bahdanau", code_of(lab))

closing.to_try(LESSON, lab)
if not problem:
    closing.predictions(LESSON, lab)
    with states:
        controls.states_table(lab)
