"""One query: dot products one at a time, three normalisations, and the weighted sum."""

import streamlit as st

from attention_core import ONE_QUERY
from attention_core.glossary import vector
from ui.cards import embeddings
from ui.cards.literal import literal
from ui.lessons.one_query import controls
from ui.lessons.one_query.lesson import LESSON
from ui.lessons.one_query.runs import asked, inputs_of
from ui.lessons.one_query.words import alignment_sentence, dot_products, loops
from ui.parts import closing, figure_group, ripple, worksheet
from ui.parts.code_view import code
from ui.parts.shares_table import shares_table
from ui.parts.stepper import stepper

st.title(LESSON.question, anchor=False)
st.markdown(
    "One token is the **query**. It is compared with every token (the **keys**), the comparisons "
    "become shares, and the shares mix a new vector: its **context vector**.  \n"
    "**Try this first:** press **Play** under step 1 and watch the scores arrive one by one; then "
    "choose another query token."
)

lab, table = worksheet.worksheet()
one, conventions = asked(lab), lab.conventions
trace, tokens, query = one.trace, one.names, one.query

controls.query_picker(lab, tokens)
ripple.status(trace, lab, inputs_of)

st.subheader("1. One dot product at a time", anchor=False)
st.markdown(
    f"How well does **{literal(query)}** match each key? Multiply the two vectors number by "
    "number and add up: one **score** for each key."
)
moment = stepper(
    "dots",
    label=f"Dot products of {query} with each key",
    n_steps=len(tokens),
    texts=lambda step: dot_products(trace, query, tokens, step),
)
st.markdown(alignment_sentence(trace, moment, query, tokens))
figure_group.figures("figures:dots", lab.choosing(moment=moment))

st.subheader("2. Three ways to turn scores into shares", anchor=False)
st.markdown(
    "Shares should be positive and sum to 1. Dividing by the sum is the simplest way; **softmax** "
    "takes exp of each score first. `torch.softmax` is the same formula, computed safely."
)
figure_group.figures("figures:normalisations", lab)
shares_table(trace, tokens)

st.subheader(
    f"3. The weighted sum, term by term, to {vector('context', one.position, conventions)}",
    anchor=False,
)
st.markdown("Each token's vector times its weight. Added up, column by column:")
controls.terms_table(trace, one.position, tokens, conventions)
figure_group.figures("figures:context", lab)

st.subheader("The whole of it in two pictures", anchor=False)
figure_group.figures("figures:whole", lab)

closing.formula(ONE_QUERY, lab)

closing.pytorch(
    "Paste this anywhere PyTorch runs: it computes every step above again.",
    trace,
    embeddings.labels_of(lab),
    lab,
)
st.markdown("And as the notebook does it, with a loop of `torch.dot` (paste it below the first):")
code("loop", loops(one.position))

closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)

with table:
    worksheet.embeddings_table(lab)
