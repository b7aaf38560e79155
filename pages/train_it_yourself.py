"""Train it yourself: a small model learns to translate, with or without attention."""

import streamlit as st

from attention_core.recurrent.accuracy import SEEN
from ui.lab import state
from ui.lessons.train_it_yourself import controls
from ui.lessons.train_it_yourself import figures as train_live
from ui.lessons.train_it_yourself.lesson import LESSON
from ui.parts import closing
from ui.parts.code_view import code
from ui.parts.numbers_field import numbers_field

st.title(LESSON.question, anchor=False)
st.markdown(
    "Nobody tells the model which English word belongs to which German one. It only sees number "
    "words and their translations. Its loss says how little probability it gives each right word, "
    "and while it learns it is always given the right words before, not its own (*teacher "
    "forcing*). Still, with attention, the alignment appears.  \n"
    "**Try this first:** press *Start training*, and watch the third picture while the loss falls."
)

lab = state.current()
trainings = controls.registry()
controls.training_controls(lab)
numbers_field(lab, "Sentence to watch: numbers from zero to ninety-nine")
controls.watch(lab)
state.take_along(state.TakenAlong(measured=controls.measured))
budget = trainings.budget
at_once = "At most 1 at a time learns there; others wait in a queue."
if trainings.at_once > 1:
    at_once = f"At most {trainings.at_once} at a time learn there; others wait in a queue."
st.caption(
    "The model learns in a process of its own on the server, so the other pages stay quick. "
    f"{at_once} Reload this page, or go to another one and come back within "
    f"{budget.heartbeat:.0f} seconds: it goes on. "
    "After that it is stopped, since nobody looks. The same seed on the same computer is the same "
    "run."
)

st.subheader("What to look for", anchor=False)
st.markdown(
    "- **The loss** starts about where even guessing would be. The diamonds are of sentences that "
    "the model does not learn from: if they stay well above the line, it learns by heart.\n"
    "- **The accuracy** grows from sentences of a few words towards longer ones. The very shortest "
    "need not come first: of one word it meets fewer than of any length from two to fourteen. It "
    f"learns from sentences of up to {SEEN} words, and attention does not carry it far beyond.\n"
    "- **The alignment** begins blurred. Then most words written find the word they translate, and "
    "*vier und dreißig* crosses *thirty four*."
)

closing.to_try(LESSON, lab)

st.subheader("The formula", anchor=False)
st.markdown(rf"$\displaystyle {train_live.LOSS}$", text_alignment="center")
st.markdown(
    "- $L$ — the loss of a sentence: the mean over its German words, the end mark among them\n"
    "- $y_i$ — the right word at place $i$, and $p$ the probability the model gives it after the "
    "right words before it; $x$ — the English sentence"
)

st.subheader("The same in PyTorch", anchor=False)
code("train", train_live.code(lab, budget.steps))

closing.predictions(LESSON, lab)
controls.find_again()
