"""The switch of conventions, in the sidebar of every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS
from ui.parts.widgets import buttons

SYMBOL_NAMES = {"notebook": "x, ω, α, z", "paper": "Q, K, V", "words": "words"}


def conventions_switch() -> None:
    """Draw the three choices of how values are drawn, numbered and called."""
    with st.sidebar:
        st.markdown("**Conventions**")
        _choice(
            "queries_as",
            "Queries are",
            QUERIES_AS,
            "As rows, a query's weights are a row and each token's vector is a row (n × d), as in "
            "the notebook and in PyTorch. As columns, every such picture is transposed: a query's "
            "weights and each token's vector stand upright (d × n), as where vectors are columns. "
            "The table you edit keeps a row for each token.",
        )
        _choice(
            "count_from",
            "Count from",
            COUNT_FROM,
            "The number of the first token and of the first dimension. Code counts from 0, as "
            "Python does; CSV files have d1, d2, … always.",
        )
        _choice(
            "symbols",
            "Symbols",
            SYMBOLS,
            "Of the notebook (x, ω, α, z), of “Attention Is All You Need” (Q, K, V, with S, P and "
            "O as FlashAttention has them for what that paper does not name), or plain words.",
            SYMBOL_NAMES.__getitem__,
        )


def _choice(
    name: str,
    label: str,
    options: tuple[str, ...] | tuple[int, ...],
    meaning: str,
    called: Callable[[Any], str] = str,
) -> None:
    """Draw the choice of one of the lab's fields."""
    buttons(label, name, options, format_func=called, horizontal=True, help=meaning)
