"""Words on a picture: always literal, never clipped in the middle of a character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MAX_LABEL = 14
LABELLED_ROWS, LABELLED_COLUMNS = 40, 24  # more ticks would overlap: every so many are shown
LIT_BESIDE, LIT_ABOVE = "<b>▸ ", "<b>▾ "  # before the name of a lit row, of a lit column


class TwoSentences(tuple[str, ...]):
    """The labels of tokens that ask, and of other tokens that are asked, as in cross-attention.

    Args:
        asking: One label per query token.
        asked: One label per key token.

    Example:
        >>> labels = TwoSentences(["it"], ["one", "journey"])
        >>> len(labels), tokens_along("key token", labels)
        (1, ('one', 'journey'))
    """

    asked: tuple[str, ...]

    def __new__(cls, asking: Sequence[str], asked: Sequence[str]) -> TwoSentences:
        """Return the labels of those that ask, which also know the others."""
        labels = super().__new__(cls, asking)
        labels.asked = tuple(asked)
        return labels


def tokens_along(axis: str, tokens: Sequence[str]) -> Sequence[str]:
    """Return the tokens that an axis counts: of two sentences, those that ask or those asked."""
    return tokens.asked if isinstance(tokens, TwoSentences) and axis == "key token" else tokens


def literal(text: str) -> str:
    """Return text that Plotly shows as it is: its labels understand a little HTML.

    Example:
        >>> literal("<b>x & y</b>")
        '&lt;b&gt;x &amp; y&lt;/b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(text: str) -> str:
    """Return the text, with its end replaced by … when it is long."""
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"


def ticks(labels: Sequence[str], most: int) -> dict[str, Any]:
    """Return the tick settings of an axis with one label per position, ``most`` at a time.

    Positions are numbers because equal words must stay two columns.
    """
    step = -(-len(labels) // most)
    shown = list(range(0, len(labels), step))
    return {
        "tickmode": "array",
        "tickvals": shown,
        "ticktext": [literal(short(labels[position])) for position in shown],
    }


def plain_numbers(values: Any) -> Any:
    """Return nested lists with None for what is not a finite number, as JSON needs it."""
    if isinstance(values, list):
        return [plain_numbers(value) for value in values]
    return values if values - values == 0 else None
