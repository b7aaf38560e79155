"""Why attention: what a final state can hold of a sentence, with models that are really trained."""

import streamlit as st

from ui.lab import state
from ui.lessons.why_attention import controls
from ui.lessons.why_attention import models as why_attention_models
from ui.lessons.why_attention.bottleneck import formula_steps, trace_of
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.lesson import LESSON
from ui.lessons.why_attention.models import probe_problem, records_problem
from ui.lessons.why_attention.taken import code_of
from ui.lessons.why_attention.words import answer_said, finding_said, recall_said, vector_said
from ui.parts import closing, figure_group, step_view
from ui.parts.code_view import code
from ui.parts.numbers_field import numbers_field

st.title(LESSON.question, anchor=False)
st.markdown(
    "An **encoder** reads a sentence word by word into a hidden state. A **decoder** writes the "
    "translation, and all it gets is the *final* state: one vector, two of an LSTM, however long "
    "the sentence. Here both are trained, to translate English numbers to German.  \n"
    "**Try this first:** pull *How many numbers* up to 8, and compare *LSTM* with *GRU with "
    "attention*."
)

lab = controls.take_in()
numbers_field(lab)
controls.sentence_options(lab)
problem = why_attention_models.problem(lab.of(WhyChoices).reader)

if problem:
    st.error(problem, icon=":material/broken_image:")
else:
    st.subheader("1. What comes out", anchor=False)
    controls.translation(lab)

    st.subheader("2. The bottleneck: what the decoder begins with", anchor=False)
    st.markdown(vector_said(lab))
    figure_group.figures("figures:why_vector", lab)
    tables = st.container()

    st.subheader("3. The encoder reads", anchor=False)
    st.markdown(
        lab.conventions.say(
            "One {row} for each word (token), one {column} for each unit (dimension): the state "
            "after that word. The last {row} is the final state; without attention, the decoder "
            "never sees the {rows} before it. Click a cell to see how it was made."
        )
    )
    figure_group.figures("figures:why_reading", lab)
    with st.expander("Inside the cell"):
        figure_group.figures("figures:why_gates", lab, has_part=False)

st.subheader("4. The longer the sentence, the less fits", anchor=False)
broken = records_problem()
if broken:
    st.error(broken, icon=":material/broken_image:")
else:
    figure_group.figures("figures:why_accuracy", lab)
    st.markdown(finding_said())
    with st.expander("How they were trained: until nothing got better"):
        figure_group.figures("figures:why_training", lab)
        controls.training_told()

if not problem:
    st.subheader("5. What is left of each word?", anchor=False)
    st.markdown(
        "Two measurements of the final state, which are not the same. **Can the word be told from "
        "it?** That is memory."
    )
    unread = probe_problem()
    if unread:
        st.error(unread, icon=":material/broken_image:")
    else:
        figure_group.figures("figures:why_recall", lab)
        st.markdown(recall_said(lab))
    st.markdown(
        "**How strongly does it answer?** How much would the final state change if a word's "
        "embedding moved a little: the length of that derivative, for each word of your sentence. "
        "Each line as shares of its own largest; each step down is ten times less. To move with a "
        "word is *not* to remember it. In sentences of nine words, say, the RNN mostly answers "
        "strongest to the third, which is read back from it hardly better than by guessing."
    )
    figure_group.figures("figures:why_memory", lab)
    st.markdown(answer_said(lab))

    st.subheader("The story so far", anchor=False)
    st.markdown(
        "- **RNN**: every word rewrites the whole state. It gives up first.\n"
        "- **LSTM and GRU**: gates decide what is kept, and the LSTM's cell line is only scaled "
        "and added to. That helps somewhat.\n"
        "- **The bottleneck stays**: what the decoder cannot reach are the *earlier encoder "
        "states*. They were all computed, above, and all but the last are thrown away.\n"
        "- **Attention** lets it look back at every one of them: the next page."
    )

    st.subheader("The formula", anchor=False)
    trace = trace_of(lab)
    step_view.formulas(
        trace.mechanism,
        only=formula_steps(lab),
        conventions=lab.conventions,
        indices="$i$ — the word ({row}); $j$ — the unit ({column})",
        folded="What the symbols stand for",
    )

    st.subheader("The same in PyTorch", anchor=False)
    st.markdown("Run it in the folder of this project, where the trained weights are.")
    code("why", code_of(lab))

    closing.to_try(LESSON, lab)
    closing.predictions(LESSON, lab)

    with tables:
        controls.tables(state.current())
