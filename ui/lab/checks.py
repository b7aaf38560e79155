"""What an address or a file may put into a field: each check returns the value, or says why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attention_core.embeddings import MAX_WIDTH
from ui.lab.edits import Edits, RowKey

MAX_TOKENS = 512
MAX_CELLS = MAX_TOKENS * MAX_WIDTH  # of the table
MAX_SENTENCE = 100_000  # characters
MAX_EDITS = 2 * MAX_CELLS  # all of the largest table, and as much again that is not on screen
LIMIT = 1_000_000.0  # no number beyond ±this: its square still fits float32 by far
MAX_TRAIL = 16
MAX_PLACE = 2**20  # of a cell in tensors that somebody brings along
MOVES = ("inputs", "w_query", "w_key")  # what a goal may move

Pick = tuple[str, str, *tuple[int, ...]]  # place on the page, name, (head,) row, column
Check = Callable[[Any], Any]  # returns the value, cleaned, or raises ValueError
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can hold half a character, UTF-8 cannot


def text(most: int) -> Check:
    """Return a check of a text of at most so many characters."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or _LONE_SURROGATE.search(value):
            raise ValueError(f"a text of at most {most} characters")
        return value

    return check


def flag(value: Any) -> bool:
    """Return true or false as it is, or raise ValueError."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def whole(least: int, most: int) -> Check:
    """Return a check of a whole number within bounds."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return check


def number(value: Any, least: float = -LIMIT, most: float = LIMIT) -> float:
    """Return a number within the bounds as a float, or raise ValueError."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not least <= value <= most:  # also false for NaN
        raise ValueError(f"a number from {least:,.0f} to {most:,.0f}")
    return float(value)


def one_of(options: Sequence[str]) -> Check:
    """Return a check of one of some texts."""

    def check(value: Any) -> str:
        if value not in options:
            raise ValueError(f"one of {', '.join(options)}")
        return str(value)

    return check


def edits_up_to(widest: int = MAX_WIDTH) -> Check:
    """Return a check of edits, listed as a name, its nth row, the width, a column, and numbers.

    The numbers stand from that column on. Most entries are of one; those of a whole row are one
    entry, which keeps a large lab small.
    """

    def check(value: Any) -> Edits:
        if not isinstance(value, (list, tuple)) or len(value) > MAX_EDITS:
            raise ValueError(f"a list of at most {MAX_EDITS:,} edits")
        rows: dict[RowKey, dict[int, float]] = {}
        count = 0
        for edit in value:
            if not isinstance(edit, (list, tuple)) or len(edit) < 5:
                raise ValueError(
                    "edits of a word, its occurrence, the width, a column and a number"
                )
            word, nth, d, column, *entries = edit
            key = (
                text(MAX_SENTENCE)(word),
                whole(1, MAX_SENTENCE)(nth),
                whole(1, widest)(d),
            )
            start = whole(0, key[2] - len(entries))(column)
            row = rows.setdefault(key, {})
            row.update((start + step, number(entry)) for step, entry in enumerate(entries))
            count += len(entries)
        if count > MAX_EDITS:
            raise ValueError(f"at most {MAX_EDITS:,} edited numbers")
        return Edits(rows)

    return check


def goal(value: Any) -> tuple[int, int, float, float]:
    """Return a query, a key, the weight it is to get, and how far to move (0: any length)."""
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise ValueError("a query, a key, a weight and a length")
    token, (query, key, target, bound) = whole(0, MAX_TOKENS - 1), value
    return token(query), token(key), number(target, 0.01, 0.99), number(bound, 0, LIMIT)


def moves(value: Any) -> tuple[str, ...]:
    """Return the names of what may move, in their order, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or not set(map(str, value)) <= set(MOVES):
        raise ValueError(f"some of {', '.join(MOVES)}")
    return tuple(name for name in MOVES if name in value)


def trail_of(value: Any) -> tuple[Pick, ...]:
    """Return a trail of cells, every part checked, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_TRAIL:
        raise ValueError(f"a list of at most {MAX_TRAIL} cells")
    picks = []
    for pick in value:
        if not isinstance(pick, (list, tuple)) or len(pick) not in (4, 5):
            raise ValueError("cells of a place, a name, a head if it has one, a row and a column")
        place, name, *cell = pick
        positions = map(whole(0, MAX_PLACE), cell)
        picks.append((text(100)(place), text(100)(name), *positions))
    return tuple(picks)


def window(value: Any) -> tuple[int, int, int]:
    """Return the query, the key and the dimension that are looked at, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ValueError("a query, a key and a dimension")
    place = whole(0, MAX_PLACE)
    return place(value[0]), place(value[1]), place(value[2])


def named(check: Check) -> Check:
    """Return a check of a small mapping from names to what ``check`` accepts."""

    def check_all(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping) or len(value) > 64:
            raise ValueError("a small mapping")
        names = text(100)
        return MappingProxyType({names(name): check(entry) for name, entry in value.items()})

    return check_all
