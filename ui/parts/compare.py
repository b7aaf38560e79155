"""The switch that pins a lab as A, and the tables of what changed from A to B."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from torch import Tensor

from attention_core.equations import column
from attention_core.numbers import result_of
from ui.cards.card import Group
from ui.cards.comparing import (
    MARK,
    SHOWN,
    TOLD,
    entropies,
    largest_changes,
    pinned_of,
    plus_sign,
    why_none,
)
from ui.cards.literal import literal, names
from ui.lab import link, state
from ui.lab.lab import MAX_PINNED, SHOWINGS, Lab
from ui.parts.widgets import buttons

# ---- What changed, in words --------------------------------------------------------------------


def changes(before: Group | None, now: Group, lab: Lab) -> None:
    """Draw the largest changes of a group's figures, and each query's change in entropy.

    Args:
        before: What ``both`` returned first.
        now: And second.
        lab: What is on screen.
    """
    if before is None or lab.showing != "B − A":
        return
    found = largest_changes(before, now)
    with st.expander("The largest changes from A to B", expanded=bool(found)):
        if not found:
            st.markdown(why_none(before, now))
            return
        st.table(
            {
                "figure": [change[0] for change in found],
                "cell": [literal(f"{change[1]} · {change[2]}") for change in found],
                **_columns([change[3:] for change in found]),
            }
        )
        pair = entropies(before, now)
        if pair and any(card.id == "weights" for card in now.cards):
            _entropy_table(pair, now, lab)


def _entropy_table(pair: tuple[Tensor, Tensor], now: Group, lab: Lab) -> None:
    if now.explained is None:
        return
    tokens = names(now.explained.tokens, lab.conventions)
    old, new = (each.tolist() for each in pair)
    shown = sorted(range(len(new)), key=lambda row: -abs(new[row] - old[row]))[:TOLD]
    st.markdown(
        lab.conventions.say(
            "**Entropy per {row} of the weights**, in bits: more bits, attention more spread out."
        )
    )
    st.table(
        {
            "query token": [literal(tokens[row]) for row in shown],
            **_columns([(old[row], new[row]) for row in shown]),
        }
    )


def _columns(pairs: Sequence[tuple[float, float]]) -> dict[str, list[str]]:
    """Return numbers of A and of B, each pair with the digits that make its difference come out."""
    rows = []
    for old, new in pairs:
        digits, difference = column([new, -old], new - old)
        rows.append(
            (result_of(old, digits), result_of(new, digits), f"{plus_sign(new - old)}{difference}")
        )
    return {
        name: [literal(text) for text in texts]
        for name, texts in zip(("A", "B", "B − A"), zip(*rows, strict=True), strict=True)
    }


# ---- In the sidebar ----------------------------------------------------------------------------


def switch() -> None:
    """Draw what pins the lab, and which of both the figures show."""
    lab = state.current()
    with st.sidebar:
        st.markdown("**Compare**")
        if not lab.pinned:
            st.button(
                "Pin this as A",
                key="_pin",
                icon=":material/push_pin:",
                on_click=_pin,
                help="Keeps the lab as it is now. Go on editing, then let the pictures of the "
                "steps show A, B or the difference B − A, on every page but *Train it yourself* "
                "and *Your tensors*.",
            )
            return
        if pinned_of(lab) is None:
            st.warning("What was pinned in this link is damaged.", icon=":material/link_off:")
        buttons("Figures show", "showing", SHOWINGS, format_func=SHOWN.__getitem__, horizontal=True)
        if lab.showing != "B":
            st.caption("Tables and sentences are those of B.")
        st.button("Unpin", key="_unpin", on_click=_unpin)


def _pin() -> None:
    lab = state.current()
    text = link.keep(lab, MARK)
    if len(text) > MAX_PINNED:
        state.complain("This lab is too large to be pinned beside another one.")
        return
    state.commit(replace(lab, pinned=text, showing="B"))


def _unpin() -> None:
    state.commit(replace(state.current(), pinned="", showing="B"))
