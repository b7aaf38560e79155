"""The worksheet: the sentence, its options and the table of embeddings, on most pages."""

from __future__ import annotations

import time
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from attention_core.embeddings import MAX_WIDTH, NOTEBOOK_SENTENCE
from ui.cards.editors import Row, paging
from ui.cards.embeddings import EMBEDDINGS, with_preset
from ui.lab import state
from ui.lab.checks import MAX_SENTENCE, MAX_TOKENS
from ui.lab.lab import MAX_SEED, Lab
from ui.parts import matrix_table
from ui.parts.widgets import number_field, set_widget, switch

PRESET_NAMES = {
    "notebook": "As in the notebook",
    "one-hot": "One-hot",
    "random": "Random (seeded)",
    "equal": "All rows equal",
    "ten-times": "Ten times larger",
}
PAUSE_SECONDS = 2.0  # of typing, that make the next word a step of its own to undo


def worksheet() -> tuple[Lab, DeltaGenerator]:
    """Take in the table's edits, and draw the sentence and its options.

    Returns:
        The lab as it is after the last event, and the place of the table: the page fills it last
        (``embeddings_table``), since its answer asks for the next edit.
    """
    matrix_table.take_in(EMBEDDINGS)
    lab = state.current()
    _sentence(lab)
    table, options = st.columns([2, 1], gap="medium")
    with options:
        _options(lab)
    return lab, table


def embeddings_table(lab: Lab) -> None:
    """Draw the editable table of the embeddings."""
    page = paging([f"{token.word}|{token.nth}" for token in lab.tokens], lab.d, lab.table_row)
    tokens = lab.tokens[page.rows]
    edits = [lab.edits.row(token.word, token.nth, lab.d) for token in tokens]
    matrix_table.show(
        EMBEDDINGS,
        label=f"Embeddings of your {len(lab.tokens)} tokens, {lab.d} numbers each",
        rows=[
            Row(row_id, token.text, bool(edited))
            for row_id, token, edited in zip(page.row_ids[page.rows], tokens, edits, strict=True)
        ],
        columns=[lab.conventions.dimension(column) for column in range(lab.d)],
        cells=lab.embeddings[page.rows],
        edited=[(row, column) for row, edited in enumerate(edits) for column in sorted(edited)],
        can_reset=lab.is_edited,
        page=page,
    )


def _sentence(lab: Lab) -> None:
    """Draw the sentence's text field and say what became of the sentence."""
    set_widget("_sentence", lab.sentence)
    st.text_input("Sentence", lab.sentence, key="_sentence", live=True, on_change=_sentence_typed)
    count = len(lab.all_tokens)
    if not lab.sentence.strip():
        st.warning(
            "The sentence is empty. Type at least one word. Until then the page shows "
            f"“{NOTEBOOK_SENTENCE}”.",
            icon=":material/edit:",
        )
    elif count == 0:
        st.warning(
            "There is no word in this sentence, only punctuation. Type a word, or turn on "
            f"“Keep punctuation”. Until then the page shows “{NOTEBOOK_SENTENCE}”.",
            icon=":material/edit:",
        )
    elif count > MAX_TOKENS:
        st.info(
            f"The sentence has {count:,} tokens. The first {MAX_TOKENS} are used.",
            icon=":material/content_cut:",
        )


def _sentence_typed() -> None:
    typed = st.session_state["_sentence"]
    if len(typed) > MAX_SENTENCE:
        state.complain(
            f"The text has {len(typed):,} characters; the first {MAX_SENTENCE:,} are kept."
        )
    clean = typed[:MAX_SENTENCE].encode("utf-8", "ignore").decode()
    state.commit(replace(state.current(), sentence=clean), ("sentence", _spell()))


def _spell() -> int:
    """Return which spell of typing this is: after a pause, undo leads back to what stood there."""
    number, last = st.session_state.get("typing", (0, 0.0))
    now = time.monotonic()
    number += now - last > PAUSE_SECONDS
    st.session_state["typing"] = (number, now)
    return int(number)


def _options(lab: Lab) -> None:
    """Draw what else the embeddings depend on."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number_field(
            "Width d",
            "d",
            1,
            MAX_WIDTH,
            width=120,
            help="How many numbers each token has. Edits at another width are kept for it.",
        )
        set_widget("_preset", lab.preset)
        st.selectbox(
            "Start from",
            list(PRESET_NAMES),
            list(PRESET_NAMES).index(lab.preset),
            key="_preset",
            format_func=PRESET_NAMES.__getitem__,
            on_change=_preset_chosen,
            width=190,
            help="Fills the table. Your edits in it are cleared; undo brings them back. "
            "One-hot: a single 1 for each different word, starting over after d words.",
        )
        if lab.preset == "random":
            number_field("Seed", "seed", 0, MAX_SEED, width=130)
        switch("Keep punctuation", "keep_punctuation")


def _preset_chosen() -> None:
    before = state.current()
    lab = with_preset(before, st.session_state["_preset"])
    if lab.edits != before.edits:
        state.notify("The table was filled anew. Undo brings your edits back.")
    state.commit(lab)
