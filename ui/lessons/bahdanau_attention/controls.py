"""The controls and tables of the lesson "Bahdanau attention", drawn by Streamlit."""

from __future__ import annotations

import math

import streamlit as st
import torch

from attention_core.arithmetic import tanh
from attention_core.equations import column as added_up
from attention_core.equations import written
from attention_core.figures.sentences import share_of
from ui.cards.editors import Row, paging
from ui.lab import state
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention.choices import MAX_STEP
from ui.lessons.bahdanau_attention.runs import (
    Run,
    looking_at,
    own_weights,
    run_of,
    step_of,
    terms_cell,
)
from ui.lessons.bahdanau_attention.states import ENCODER, row_key
from ui.lessons.bahdanau_attention.words import is_even
from ui.parts import matrix_table
from ui.parts.number_table import number_table
from ui.parts.stepper import stepper
from ui.parts.widgets import set_widget, switch

# ---- The decoder, word by word -----------------------------------------------------------------


def play(lab: Lab, run: Run) -> int:
    """Draw what plays the decoder, and return the word that it stands at."""
    written, source = (of(lab.conventions) for of in (run.written, run.source))
    weights, shares = run.trace["weights"], run.translation.probabilities
    most = weights.argmax(dim=1).tolist()
    looks = [
        f"looks at all {run.n_in} words alike"
        if is_even(weights[step])
        else f"looks most at “{source[at]}” (weight {share_of(float(weights[step, at]))})"
        for step, at in enumerate(most)
    ]
    texts = [
        f"{look} and writes “{word}” (probability {share_of(float(shares[step].max()))})"
        for step, (look, word) in enumerate(zip(looks, written, strict=True))
    ]
    return stepper(
        "decoder",
        label="The decoder, word by word",
        n_steps=run.n_out,
        texts=lambda _: texts,
        field="decoder_step",
        most=MAX_STEP,
    )


def look_only(lab: Lab, run: Run) -> None:
    """Draw what makes the decoder look at one word only in the current step."""
    step, called = step_of(lab, run), run.source(lab.conventions)
    own = {cell[1]: entry for cell, entry in own_weights(lab, run).items() if cell[0] == step}
    lone = [at for at, entry in own.items() if entry == 1.0]
    is_lone = (
        len(own) == run.n_in
        and len(lone) == 1
        and not any(entry for at, entry in own.items() if at != lone[0])
    )
    at = lone[0] if is_lone else None
    set_widget("_look_only", at)
    st.pills(
        f"Before “{run.written(lab.conventions)[step]}”, let it look only at",
        range(run.n_in),
        default=at,
        key="_look_only",
        format_func=called.__getitem__,
        on_change=_look_chosen,
        args=(step, run.n_in),
        help="Sets the weights of this step to 1 and 0. Choose the same word again to let go.",
    )
    if own:
        st.button(
            "Let go of this word's weights",
            key="_look_free",
            icon=":material/restart_alt:",
            on_click=_look_at,
            args=(step, run.n_in, None),
        )


def _look_chosen(step: int, n_in: int) -> None:
    at = st.session_state["_look_only"]
    if at is None or isinstance(at, int):
        _look_at(step, n_in, at)


def _look_at(step: int, n_in: int, at: int | None) -> None:
    state.commit(looking_at(state.current(), step, n_in, at))


def terms(lab: Lab, run: Run) -> None:
    """Draw every term of an energy: a row for each number that the alignment model bends."""
    row, column = terms_cell(lab, run)
    trace, conventions = run.trace, lab.conventions
    parts = zip(
        trace["v"][0].tolist(),
        trace["projected_queries"][row].tolist(),
        trace["projected_keys"][column].tolist(),
        strict=True,
    )
    bent = [(weight, asks, asked, math.tanh(asks + asked)) for weight, asks, asked in parts]
    products = [weight * turned for weight, *_, turned in bent]
    digits, total = added_up(products, math.fsum(products))
    rows = [
        [conventions.dimension(at), *_term(*numbers, digits)] for at, numbers in enumerate(bent)
    ]
    energy = float(trace["scores"][row, column])
    pair = f"“{run.source(conventions)[column]}” before “{run.written(conventions)[row]}”"
    number_table(
        f"Every term of the energy of {pair}",
        ["", "of W s", "of U h", "tanh of their sum", "v", "v · tanh"],
        [*rows, ["sum = energy", "", "", "", "", total]],
    )
    st.caption(
        "Click an energy above to see its terms. Added up once more, in Python, they differ from "
        f"the energy by {abs(math.fsum(products) - energy):.1g}."
    )


def _term(weight: float, asks: float, asked: float, bent: float, digits: int) -> list[str]:
    """Return a row of the terms: each number with the digits that make the next come out."""
    product = written(
        lambda write: write(weight) * write(bent), weight * bent, torch.float64, digits
    )
    told = product.writer.digits
    turned = written(lambda write: tanh(write(asks) + write(asked)), bent, torch.float64, told)
    inside = (turned.writer.text(number) for number in (asks, asked))
    return [*inside, turned.right, product.writer.text(weight), product.text]


# ---- Words -------------------------------------------------------------------------------------


def bug_switch(lab: Lab) -> None:
    """Draw the switch of the classic bug."""
    switch(
        "The energies see the encoder's states",
        "sees_encoder",
        help="Off shows a classic bug: energies computed from the decoder's state alone.",
    )


# ---- The encoder's states ----------------------------------------------------------------------


def states_table(lab: Lab) -> None:
    """Draw the editable table of the encoder's states. Do it last in a run."""
    run = run_of(lab)
    states, source = run.translation.encoder_states, run.source(lab.conventions)
    n_in, n_units = states.shape
    page = paging([f"{row + 1}/{n_in}" for row in range(n_in)], n_units, lab.parameter_row)
    rows = range(n_in)[page.rows]
    edits = [lab.overrides.row(*row_key(row, n_in, n_units)) for row in range(n_in)]
    matrix_table.show(
        ENCODER,
        label=f"Encoder states of your {n_in} words, {n_units} numbers each",
        rows=[Row(page.row_ids[row], source[row], bool(edits[row])) for row in rows],
        columns=[lab.conventions.dimension(column) for column in range(n_units)],
        cells=[states[row].tolist() for row in rows],
        edited=[(at, column) for at, row in enumerate(rows) for column in sorted(edits[row])],
        can_reset=any(edits),
        page=page,
        role="key",
    )
