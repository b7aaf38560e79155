"""What a question at the end of a page is: its text, its options, and what the core found."""

from __future__ import annotations

from dataclasses import dataclass

SAME = 1e-5  # numbers closer than this are called the same: it is only rounding


@dataclass(frozen=True, slots=True)
class Truth:
    """What the core found: the right option's index, and the numbers that show it."""

    right: int
    because: str  # Markdown; the user's words in it are already literal
    also: frozenset[int] = frozenset()  # other options that are as right: a tie
    shown: tuple[str, ...] = ()  # how the options are worded now; the answer keeps their own words


Question = tuple[str, list[str], Truth]
"""What is asked as Markdown, what can be answered, and what the core found."""
