"""Your tensors: a file of one's own, opened in the figures."""

import streamlit as st

from ui.lab import state
from ui.lessons.your_tensors import controls
from ui.lessons.your_tensors import figures as your_tensors
from ui.lessons.your_tensors.file_controls import kept, uploader
from ui.lessons.your_tensors.lesson import LESSON
from ui.lessons.your_tensors.questions import most_attended
from ui.lessons.your_tensors.words import heads_said, inputs_said, steps_said
from ui.parts import closing
from ui.parts.predict import prediction

st.title(LESSON.question, anchor=False)
st.markdown(
    "Bring inputs, or queries, keys and values, or an attention tensor alone. The app says what it "
    "understood, checks what can be checked, and opens it in the same figures as everything else. "
    "The library writes such files: `save_trace` of anything that `watch` recorded.  \n"
    "**Try this first:** look through the heads of the example, then open a file of your own."
)

uploader()
lab = state.current()
held = kept(lab)
controls.take_along(held)
trace = None

if held:
    st.subheader("1. What is in the file", anchor=False)
    controls.understood(lab, held)
    controls.choices(lab, held)
    trace = controls.run_of(lab, held)

if held and trace:
    controls.tokens_field(lab, held, trace)

    st.subheader("2. What can be checked", anchor=False)
    controls.checked(lab, held, trace)

    st.subheader("3. The pictures", anchor=False)
    controls.pickers(lab, held)
    heads = your_tensors.all_heads(lab, held, trace)
    if heads:
        st.markdown("**The heads, in one colour scale**")
        st.caption(heads_said(lab, held, trace))
        controls.draw(heads, your_tensors.HEADS, has_part=False)
    steps = your_tensors.steps(lab, held, trace)
    if steps:
        st.markdown(steps_said(lab, held, trace))
        controls.draw(steps, your_tensors.STEPS)
    st.markdown(inputs_said(lab, held, trace))
    controls.draw(your_tensors.inputs(lab, held, trace), your_tensors.INPUTS)

    if trace.steps:
        closing.formula(trace.mechanism, lab)
        st.subheader("The same in PyTorch", anchor=False)
        controls.code(lab, held, trace)

    question = most_attended(lab, held, trace)
    if question:
        prediction("tensors", *question)
