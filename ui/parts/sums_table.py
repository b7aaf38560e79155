"""The table of what each token's weights sum to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from attention_core import Conventions
from ui.cards.literal import literal, names
from ui.cards.sums import TOLD


def draw_sums(
    title: str,
    tokens: Sequence[str],
    shown: Sequence[int],
    sums: Mapping[str, Sequence[str]],
    conventions: Conventions,
) -> None:
    """Draw sums beside their tokens; of many tokens, the table waits behind a click.

    Args:
        title: What is clicked to see it then.
        tokens: One label per token.
        shown: Which of them have a line, in order.
        sums: The columns: their headings, and the sums of all tokens as Markdown.
        conventions: How tokens are numbered.
    """
    labels = names(tokens, conventions)
    columns = {name: [column[token] for token in shown] for name, column in sums.items()}
    with st.expander(title) if len(tokens) > TOLD else st.container():
        st.table({"token": [literal(labels[token]) for token in shown], **columns})
