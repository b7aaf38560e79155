"""The controls and tables of the lesson "Why attention", drawn by Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from attention_core.figures.lengths import LOOKS
from attention_core.numbers import plain
from attention_core.recurrent import rate_search
from attention_core.recurrent.language import right_translation, values
from attention_core.recurrent.marking import Written, aligned
from attention_core.recurrent.training import EVERY, LAST_SHARE, LEARNT, PATIENCE
from ui.cards.editors import Row
from ui.cards.number_words import READERS, words_of
from ui.lab import state
from ui.lab.lab import Lab
from ui.lessons.why_attention.bottleneck import EDITORS, own_numbers, trace_of, translation_of
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.models import LINES, trained_models
from ui.lessons.why_attention.words import (
    CELLS,
    EXAMPLES,
    MORE,
    MOST_NUMBERS,
    rates_told,
    search_rows,
    text_of_length,
    verdict_said,
)
from ui.parts import matrix_table
from ui.parts.number_table import number_table
from ui.parts.widgets import buttons, set_widget

# ---- The sentence ------------------------------------------------------------------------------


def sentence_options(lab: Lab) -> None:
    """Draw the examples, the slider of the length, and which model translates."""
    n_numbers = len(values(words_of(lab)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, text in EXAMPLES.items():
            st.button(name.capitalize(), key=f"_example:{name}", on_click=_example, args=(text,))
    set_widget("_n_numbers", n_numbers)
    st.slider(
        "How many numbers",
        1,
        max(MOST_NUMBERS, n_numbers),
        n_numbers,
        key="_n_numbers",
        on_change=_length_chosen,
        help="Shortens your sentence, or goes on with the same numbers every time: "
        f"{', '.join(map(str, MORE[:4]))} … Undo brings yours back.",
    )
    buttons(
        "Model",
        "reader",
        READERS,
        format_func=lambda kind: LOOKS[kind].name,
        captions=[CELLS[kind] for kind in READERS],
        horizontal=True,
    )


def _example(text: str) -> None:
    state.commit(replace(state.current(), numbers=text))


def _length_chosen() -> None:
    lab = state.current()
    state.commit(
        replace(lab, numbers=text_of_length(lab, st.session_state["_n_numbers"])), "length"
    )


# ---- The bottleneck ----------------------------------------------------------------------------


def take_in() -> Lab:
    """Apply what the tables have sent; do it at the beginning of a run."""
    for editor in EDITORS.values():
        matrix_table.take_in(editor)
    return state.current()


def tables(lab: Lab) -> None:
    """Draw the editable final state. Do it last in a run."""
    trace, own = trace_of(lab), own_numbers(lab)
    for row, name in enumerate(LINES):
        if f"final_{name}" not in trace.steps:
            continue
        numbers_of = trace[f"final_{name}"]
        edited = [(0, unit) for at, unit in sorted(own) if at == row]
        matrix_table.show(
            EDITORS[name],
            label=f"Final {name}, 1 × {numbers_of.shape[1]}",
            rows=[Row(name, name, bool(edited))],
            columns=[lab.conventions.dimension(unit) for unit in range(numbers_of.shape[1])],
            cells=numbers_of.tolist(),
            edited=edited,
            role="query",
        )


# ---- The translation ---------------------------------------------------------------------------


_STYLE = """<style>
ol.translated.translated {
  display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; padding: 0; margin: 0;
}
ol.translated.translated > li {
  display: grid; justify-items: center; padding: 0.3rem 0.6rem; border-radius: 0.5rem;
  border: 1px solid rgba(128, 134, 150, 0.5); line-height: 1.35; margin: 0;
}
ol.translated.translated > li.wrong {
  border: 2px dashed #d95f0e; background: rgba(217, 95, 14, 0.12);
}
.translated small { font-size: 0.8rem; font-variant-numeric: tabular-nums; }
</style>"""


def translation(lab: Lab) -> None:
    """Draw what the model writes, word by word, beside what is right."""
    written, reader = translation_of(lab), lab.of(WhyChoices).reader
    right = right_translation(written.source)
    places = aligned(written.words, right)
    chances = written.probabilities.max(-1).values.tolist()
    st.markdown(f"**Written** by {LOOKS[reader].name}: {verdict_said(places, len(right))}")
    items = "".join(_item(place, chances) for place in places)
    st.html(f'{_STYLE}<ol class="translated" aria-label="The translation">{items}</ol>')
    if not written.ended:
        st.warning(
            f"The model did not end its sentence: it was stopped after {len(written.words)} words.",
            icon=":material/more_horiz:",
        )
    st.markdown(f"**Right:** {' '.join(right)}")


def _item(place: Written, chances: Sequence[float]) -> str:
    """Return one word as HTML, with the probability that the model gave it."""
    if place.step < 0:
        return f'<li class="wrong"><span>✗ …</span><small>{escape(place.mistake)}</small></li>'
    chance = f"{chances[place.step]:.1%}"
    word = escape(place.word)
    told = f"{word}: the model gave it {chance}"
    if place.is_right:
        return f'<li title="{told}"><span>✓ {word}</span><small>{chance}</small></li>'
    return (
        f'<li class="wrong" title="{told}"><span>✗ {word}</span>'
        f"<small>{chance} · {escape(place.mistake)}</small></li>"
    )


# ---- Accuracy ----------------------------------------------------------------------------------


def training_told() -> None:
    """Draw how the models were trained, from their manifest."""
    st.markdown(
        f"All four: {_width()} units, embeddings of 16, the same sentences of 1 to 8 numbers, "
        f"Adam. The learning rate is halved whenever {PATIENCE} validations, {EVERY} steps apart, "
        f"bring nothing better; training ends when it is below {LAST_SHARE:g} of the first one, or "
        f"the loss below {LEARNT:g}. {rates_told()}"
    )
    rows = [
        (
            f"{LOOKS[record.kind].name}, seed {record.seed}",
            f"{record.steps:,}",
            plain(min(point.valid for point in record.curve)),
            plain(record.curve[-1].rate),
        )
        for _, record in sorted(trained_models().items())
    ]
    head = ("model", "steps", "lowest loss", "last rate")
    number_table("How each model was trained", head, rows, has_sum=False)
    st.markdown(f"The search: the validation loss after {rate_search.STEPS:,} steps.")
    number_table("The search of the first learning rates", *search_rows(), has_sum=False)


def _width() -> int:
    return next(iter(trained_models().values())).n_units
