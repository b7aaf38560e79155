"""What the user chose, and nothing else: one frozen value, and how each event changes it.

Everything on screen is computed from a ``Lab``; it travels in the page's address (``ui.link``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from attention_core.embeddings import (
    MAX_WIDTH,
    NOTEBOOK_SENTENCE,
    PRESETS,
    Matrix,
    embed,
)
from attention_core.tokens import Token, tokenize

MAX_TOKENS = 64
MAX_SENTENCE = 100_000  # characters
MAX_EDITS = 20_000
LIMIT = 1_000_000.0  # no number beyond ±this: its square still fits float32 by far
MAX_TRAIL = 16
MAX_SEED = 999_999
MAX_SEEN = 2**40  # what a link may claim was seen; the edits to come have room above it
DTYPES = ("float64", "float32", "float16", "bfloat16")
NOTEBOOK_SCORES = (0.9544, 1.4950, 1.4754, 0.8434, 0.7070, 1.0865)

VIEW = ("applied", "moment", "answers", "trail", "window")
"""The fields that undo leaves alone: which edits were seen, where one looks, what one guessed."""

Cell = tuple[str, int, int, int]  # word, its nth occurrence, width d, column
Pick = tuple[str, str, int, int]  # place on the page, name, row, column
Check = Callable[[Any], Any]  # returns the value, cleaned, or raises ValueError
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can hold half a character, UTF-8 cannot


def _text(most: int) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or _LONE_SURROGATE.search(value):
            raise ValueError(f"a text of at most {most} characters")
        return value

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _whole(least: int, most: int) -> Check:
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


def _temperature(value: Any) -> float:
    return number(value, 0.05, 100)


def _choice(options: Sequence[str]) -> Check:
    def check(value: Any) -> str:
        if value not in options:
            raise ValueError(f"one of {', '.join(options)}")
        return str(value)

    return check


def _numbers(value: Any) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MAX_TOKENS:
        raise ValueError(f"1 to {MAX_TOKENS} numbers")
    return tuple(number(entry) for entry in value)


def _edits(value: Any) -> Mapping[Cell, float]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_EDITS:
        raise ValueError(f"a list of at most {MAX_EDITS} edits")
    edits: dict[Cell, float] = {}
    for edit in value:
        if not isinstance(edit, (list, tuple)) or len(edit) != 5:
            raise ValueError("edits of a word, its occurrence, the width, a column and a number")
        word, nth, d, column, entry = edit
        cell = (
            _text(MAX_SENTENCE)(word),
            _whole(1, MAX_SENTENCE)(nth),
            _whole(1, MAX_WIDTH)(d),
            _whole(0, MAX_WIDTH - 1)(column),
        )
        edits[cell] = number(entry)
    return MappingProxyType(edits)


def trail_of(value: Any) -> tuple[Pick, ...]:
    """Return a trail of cells, every part checked, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_TRAIL:
        raise ValueError(f"a list of at most {MAX_TRAIL} cells")
    picks = []
    for pick in value:
        if not isinstance(pick, (list, tuple)) or len(pick) != 4:
            raise ValueError("cells of a place, a name, a row and a column")
        place, name, row, column = pick
        position = _whole(0, MAX_TOKENS)
        picks.append((_text(100)(place), _text(100)(name), position(row), position(column)))
    return tuple(picks)


def _window(value: Any) -> tuple[int, int, int]:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ValueError("a query, a key and a dimension")
    token, dimension = _whole(0, MAX_TOKENS - 1), _whole(0, MAX_WIDTH - 1)
    return token(value[0]), token(value[1]), dimension(value[2])


def _named(check: Check) -> Check:
    """Return a check of a small mapping from names to what ``check`` accepts."""

    def check_all(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping) or len(value) > 64:
            raise ValueError("a small mapping")
        names = _text(100)
        return MappingProxyType({names(name): check(entry) for name, entry in value.items()})

    return check_all


@lru_cache(maxsize=4)
def _tokens(sentence: str, keep_punctuation: bool) -> tuple[Token, ...]:
    """Return the tokens, which one run asks for many times: 10,000 words take ~0.1 s to split."""
    return tokenize(sentence, keep_punctuation=keep_punctuation)


def _field(default: Any, check: Check) -> Any:
    """Declare a field once: its default, and what an address or a file may put there."""
    if isinstance(default, Mapping):
        return field(default_factory=lambda: MappingProxyType({}), metadata={"check": check})
    return field(default=default, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class Lab:
    """Everything one visitor chose, on all pages."""

    sentence: str = _field(NOTEBOOK_SENTENCE, _text(MAX_SENTENCE))
    keep_punctuation: bool = _field(False, _flag)
    d: int = _field(3, _whole(1, MAX_WIDTH))
    preset: str = _field("notebook", _choice(tuple(PRESETS)))
    seed: int = _field(123, _whole(0, MAX_SEED))
    edits: Mapping[Cell, float] = _field({}, _edits)
    query: int = _field(1, _whole(0, MAX_TOKENS - 1))  # which token asks, from 0
    moment: int = _field(0, _whole(0, MAX_TOKENS - 1))  # where the dot product stepper stands
    wrong_axis: bool = _field(False, _flag)
    order_seed: int = _field(0, _whole(0, MAX_SEED))  # 0: the tokens in their own order
    row_scores: tuple[float, ...] = _field(NOTEBOOK_SCORES, _numbers)
    temperature: float = _field(1.0, _temperature)
    dtype: str = _field("float32", _choice(DTYPES))
    answers: Mapping[str, str] = _field({}, _named(_text(200)))  # predictions made, by page
    window: tuple[int, int, int] = _field((0, 0, 0), _window)  # query, key, dimension looked at
    trail: tuple[Pick, ...] = _field((), trail_of)  # the cells explained, the last one on screen
    applied: Mapping[str, int] = _field({}, _named(_whole(0, MAX_SEEN)))  # last edit seen, by table

    @property
    def all_tokens(self) -> tuple[Token, ...]:
        """Every token of the sentence, also those beyond the limit."""
        return _tokens(self.sentence, self.keep_punctuation)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens in use: the sentence's first ones or, for lack of any, the notebook's."""
        return self.all_tokens[:MAX_TOKENS] or tokenize(NOTEBOOK_SENTENCE)

    @property
    def base(self) -> Matrix:
        """The embeddings before any edit."""
        return embed(self.tokens, self.d, self.preset, self.seed)

    @property
    def embeddings(self) -> Matrix:
        """The embeddings with the user's edits."""
        return tuple(
            tuple(
                self.edits.get((token.word, token.nth, self.d, column), entry)
                for column, entry in enumerate(row)
            )
            for token, row in zip(self.tokens, self.base, strict=True)
        )

    @property
    def edited_cells(self) -> list[tuple[int, int]]:
        """The (row, column) of each embedding that is the user's own."""
        return [
            (row, column)
            for row, token in enumerate(self.tokens)
            for column in range(self.d)
            if (token.word, token.nth, self.d, column) in self.edits
        ]

    @property
    def query_index(self) -> int:
        """The chosen query token, within the tokens in use."""
        return min(self.query, len(self.tokens) - 1)

    def with_entries(self, entries: Sequence[tuple[str, int, int, float]]) -> Lab:
        """Return the lab with some embeddings set: (word, nth, column, number) each.

        Raises:
            ValueError: If there is no such row or column, a number is out of bounds, or there are
                too many edits.
        """
        edits = dict(self.edits)
        rows = {(token.word, token.nth) for token in self.tokens}
        for word, nth, column, entry in entries:
            if (word, nth) not in rows:
                raise ValueError("a row of the table")
            edits[(word, nth, self.d, _whole(0, self.d - 1)(column))] = number(entry)
        if len(edits) > MAX_EDITS:
            raise ValueError(f"at most {MAX_EDITS:,} edited numbers")
        # A number typed back to the original is no edit.
        for token, row in zip(self.tokens, self.base, strict=True):
            for column, entry in enumerate(row):
                cell = (token.word, token.nth, self.d, column)
                if edits.get(cell) == entry:
                    del edits[cell]
        return replace(self, edits=MappingProxyType(edits))

    def without_edits(self, word: str | None = None, nth: int = 1) -> Lab:
        """Return the lab with one word's row, or all rows in use, as before any edit.

        Edits of other words and at other widths stay: nobody sees them go.
        """
        words = {(token.word, token.nth) for token in self.tokens}
        reset = words if word is None else {(word, nth)}
        kept = {
            cell: entry
            for cell, entry in self.edits.items()
            if cell[:2] not in reset or cell[2] != self.d
        }
        return replace(self, edits=MappingProxyType(kept))
