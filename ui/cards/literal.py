"""The user's words on the page: shown as they are, whatever they mean to Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from attention_core.conventions import USUAL, Conventions

# Every ASCII sign can be escaped with a backslash; which of them Markdown and Streamlit's own
# additions ($maths$, :colour[...], :emoji:) read as markup is not for us to keep track of.
_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")


def literal(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    Example:
        >>> literal("*a* $x$ <b>")
        '\\*a\\* \\$x\\$ \\<b\\>'
    """
    return _SIGNS.sub(r"\\\1", text)


def names(tokens: Sequence[str], conventions: Conventions = USUAL) -> list[str]:
    """Return the tokens, told apart by number where a word is repeated.

    Example:
        >>> names(["to", "be", "to"])
        ['to (1)', 'be', 'to (3)']
    """
    count = Counter(tokens)
    return [
        f"{token} ({conventions.number(position)})" if count[token] > 1 else token
        for position, token in enumerate(tokens)
    ]
