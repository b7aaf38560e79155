"""What the user chose, and nothing else: one frozen value, and how each event changes it.

Everything on screen is computed from a ``Lab``; it travels in the page's address (``ui.lab.link``).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import torch

from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS, USUAL, Conventions
from attention_core.embeddings import (
    MAX_WIDTH,
    NOTEBOOK_SENTENCE,
    PRESETS,
    Matrix,
    embed,
)
from attention_core.tokens import Token, tokenize
from ui.lab.edits import NO_EDITS, Edits, RowEdits, RowKey

MAX_TOKENS = 512
MAX_CELLS = MAX_TOKENS * MAX_WIDTH  # of the table
MAX_SCORES = 64  # of the normalisation lab's row
MAX_SENTENCE = 100_000  # characters
MAX_EDITS = 2 * MAX_CELLS  # all of the largest table, and as much again that is not on screen
LIMIT = 1_000_000.0  # no number beyond ±this: its square still fits float32 by far
MAX_TRAIL = 16
MAX_SEED = 999_999
MAX_SEEN = 2**40  # what a link may claim was seen; the edits to come have room above it
MAX_HEADS = 16
DTYPES = ("float64", "float32", "float16", "bfloat16")
DRAWN_AS = ("rand", "linear", "linear with bias")  # parameters, as the chapter's classes draw them
MOVES = ("inputs", "w_query", "w_key")  # what a goal may move
SHOWINGS = ("B", "A", "B − A")
MAX_PINNED = 100_000  # characters of a pinned lab
MAX_PLACE = 2**20  # of a cell in tensors that somebody brings along
TENSOR_MASKS = ("as the file suggests", "none", "causal")
MASKS = ("causal", "none", "padding", "window", "prefix", "blocks")
OTHER_SENTENCE = "Where does it start"
READERS = ("rnn", "lstm", "gru", "bahdanau")
NUMBERS = "thirty-four, seven, sixty-one"
MAX_NUMBERS = 20_000  # characters
MAX_STEP = 99  # of the decoder
NOTEBOOK_SCORES = (0.9544, 1.4950, 1.4754, 0.8434, 0.7070, 1.0865)

VIEW = (
    *("applied", "moment", "answers", "trail", "window", "table_row"),
    *("queries_as", "count_from", "symbols", "head", "parameter_row", "showing", "decoder_step"),
    *("tensor_head", "tensor_layer"),
)
"""The fields that undo leaves alone: which edits were seen, where and how one looks, what one
guessed."""

Pick = tuple[str, str, *tuple[int, ...]]  # place on the page, name, (head,) row, column
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
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MAX_SCORES:
        raise ValueError(f"1 to {MAX_SCORES} numbers")
    return tuple(number(entry) for entry in value)


def _edits(widest: int = MAX_WIDTH) -> Check:
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
                _text(MAX_SENTENCE)(word),
                _whole(1, MAX_SENTENCE)(nth),
                _whole(1, widest)(d),
            )
            start = _whole(0, key[2] - len(entries))(column)
            row = rows.setdefault(key, {})
            row.update((start + step, number(entry)) for step, entry in enumerate(entries))
            count += len(entries)
        if count > MAX_EDITS:
            raise ValueError(f"at most {MAX_EDITS:,} edited numbers")
        return Edits(rows)

    return check


def _rate(value: Any) -> float:
    """Return a share below 1, or raise ValueError."""
    if number(value, 0, 1) == 1:
        raise ValueError("a number from 0 to below 1")
    return float(value)


def _goal(value: Any) -> tuple[int, int, float, float]:
    """Return a query, a key, the weight it is to get, and how far to move (0: any length)."""
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise ValueError("a query, a key, a weight and a length")
    token, (query, key, target, bound) = _whole(0, MAX_TOKENS - 1), value
    return token(query), token(key), number(target, 0.01, 0.99), number(bound, 0, LIMIT)


def _moves(value: Any) -> tuple[str, ...]:
    """Return the names of what may move, in their order, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or not set(map(str, value)) <= set(MOVES):
        raise ValueError(f"some of {', '.join(MOVES)}")
    return tuple(name for name in MOVES if name in value)


def _heads(value: Any) -> tuple[int, ...]:
    """Return some heads, in order, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_HEADS:
        raise ValueError(f"a list of at most {MAX_HEADS} heads")
    return tuple(sorted({_whole(0, MAX_HEADS - 1)(head) for head in value}))


def trail_of(value: Any) -> tuple[Pick, ...]:
    """Return a trail of cells, every part checked, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_TRAIL:
        raise ValueError(f"a list of at most {MAX_TRAIL} cells")
    picks = []
    for pick in value:
        if not isinstance(pick, (list, tuple)) or len(pick) not in (4, 5):
            raise ValueError("cells of a place, a name, a head if it has one, a row and a column")
        place, name, *cell = pick
        positions = map(_whole(0, MAX_PLACE), cell)
        picks.append((_text(100)(place), _text(100)(name), *positions))
    return tuple(picks)


def _window(value: Any) -> tuple[int, int, int]:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ValueError("a query, a key and a dimension")
    place = _whole(0, MAX_PLACE)
    return place(value[0]), place(value[1]), place(value[2])


def _named(check: Check) -> Check:
    """Return a check of a small mapping from names to what ``check`` accepts."""

    def check_all(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping) or len(value) > 64:
            raise ValueError("a small mapping")
        names = _text(100)
        return MappingProxyType({names(name): check(entry) for name, entry in value.items()})

    return check_all


class Same:
    """An object as the key of a cache, by identity: comparing what is in it would cost more."""

    __slots__ = ("of",)

    def __init__(self, of: Any) -> None:
        self.of = of  # held, so that no other object can get its address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.of is other.of

    def __hash__(self) -> int:
        return id(self.of)


# A run asks for these many times over. They depend on their arguments alone; the few that are
# kept are those of the last labs on screen.


@lru_cache(maxsize=8)
def _all_tokens(sentence: str, keep_punctuation: bool) -> tuple[Token, ...]:
    return tokenize(sentence, keep_punctuation=keep_punctuation)


@lru_cache(maxsize=8)
def _tokens(sentence: str, keep_punctuation: bool) -> tuple[Token, ...]:
    """Return the tokens in use: the first ones or, for lack of any, the notebook's."""
    return _all_tokens(sentence, keep_punctuation)[:MAX_TOKENS] or tokenize(NOTEBOOK_SENTENCE)


@lru_cache(maxsize=8)
def _positions(sentence: str, keep_punctuation: bool) -> Mapping[tuple[str, int], int]:
    """Return where each word's nth occurrence stands among the tokens in use."""
    tokens = _tokens(sentence, keep_punctuation)
    return {(token.word, token.nth): position for position, token in enumerate(tokens)}


@lru_cache(maxsize=8)
def _base(sentence: str, keep_punctuation: bool, d: int, preset: str, seed: int) -> Matrix:
    return embed(_tokens(sentence, keep_punctuation), d, preset, seed)


@lru_cache(maxsize=8)
def _embeddings(edits: Same, sentence: str, keep_punctuation: bool, d: int, *more: Any) -> Matrix:
    """Return the base with the edits; rows without any are the base's own."""
    rows = list(_base(sentence, keep_punctuation, d, *more))
    for row, edited in _edited_rows(edits.of, _positions(sentence, keep_punctuation), d):
        rows[row] = _merged(Same(rows[row]), Same(edited))
    return tuple(rows)


@lru_cache(maxsize=2 * MAX_TOKENS)
def _merged(start: Same, edits: Same) -> tuple[float, ...]:
    return tuple(edits.of.get(column, entry) for column, entry in enumerate(start.of))


@lru_cache(maxsize=8)
def _tensor(edits: Same, *start: Any) -> torch.Tensor:
    """Return the embeddings as float32, put together from the memory of their rows."""
    rows = _embeddings(edits, *start)
    memory = bytearray(b"".join([_float32(Same(row)) for row in rows]))
    return torch.frombuffer(memory, dtype=torch.float32).view(len(rows), -1)


@lru_cache(maxsize=4 * MAX_TOKENS)
def _float32(row: Same) -> bytes:
    return array("f", row.of).tobytes()


def _edited_rows(
    edits: Edits, positions: Mapping[tuple[str, int], int], d: int
) -> Iterator[tuple[int, RowEdits]]:
    """Yield the position and the edits of each row in use that has any, in no order."""
    for (word, nth, width), columns in edits.rows.items():
        position = positions.get((word, nth)) if width == d else None
        if position is not None:
            yield position, columns


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
    edits: Edits = field(default_factory=Edits, metadata={"check": _edits()})
    query: int = _field(1, _whole(0, MAX_TOKENS - 1))  # which token asks, from 0
    moment: int = _field(0, _whole(0, MAX_TOKENS - 1))  # where the dot product stepper stands
    wrong_axis: bool = _field(False, _flag)
    order_seed: int = _field(0, _whole(0, MAX_SEED))  # 0: the tokens in their own order
    row_scores: tuple[float, ...] = _field(NOTEBOOK_SCORES, _numbers)
    temperature: float = _field(1.0, _temperature)
    dtype: str = _field("float32", _choice(DTYPES))
    d_out: int = _field(2, _whole(1, MAX_WIDTH))  # of queries, keys and values, all heads together
    d_value: int = _field(0, _whole(0, MAX_WIDTH))  # of the values alone; 0 for as wide as the rest
    drawn_as: str = _field(DRAWN_AS[0], _choice(DRAWN_AS))
    parameter_seed: int = _field(123, _whole(0, MAX_SEED))
    parameters: Edits = field(  # the user's own, by matrix and row
        default_factory=Edits, metadata={"check": _edits()}
    )
    most_d_k: int = _field(256, _whole(1, 4_096))  # of the study of the scores' spread
    n_heads: int = _field(2, _whole(1, MAX_HEADS))
    head: int = _field(0, _whole(0, MAX_HEADS - 1))  # the one looked at
    heads_off: tuple[int, ...] = _field((), _heads)
    mask_preset: str = _field(MASKS[0], _choice(MASKS))
    mask_size: int = _field(2, _whole(1, MAX_TOKENS))  # of the preset: its window, prefix, block
    painted: Edits = field(  # cells of the mask, 0 or 1
        default_factory=Edits, metadata={"check": _edits(MAX_TOKENS)}
    )
    leak_token: int = _field(-1, _whole(-1, MAX_TOKENS - 1))  # that changes; -1: as the mask has it
    dropout: float = _field(0.5, _rate)
    training: bool = _field(True, _flag)
    dropout_seed: int = _field(123, _whole(0, MAX_SEED))
    n_draws: int = _field(100, _whole(1, 1_000))
    other_sentence: str = _field(OTHER_SENTENCE, _text(MAX_SENTENCE))  # that cross attention asks
    same_sequence: bool = _field(False, _flag)  # whether one sequence asks itself
    overrides: Edits = field(  # of steps, by place, name and row
        default_factory=Edits, metadata={"check": _edits(MAX_TOKENS)}
    )
    has_lens: bool = _field(False, _flag)  # whether the gradient lens is on
    goal: tuple[int, int, float, float] = _field((0, 0, 0.9, 0.0), _goal)
    goal_moves: tuple[str, ...] = _field(("inputs",), _moves)  # what the search may move
    goal_from: str = _field("", _text(MAX_PINNED))  # the lab that the search began at, as text
    goal_step: int = _field(0, _whole(0, 10_000))  # which of its steps is shown
    numbers: str = _field(NUMBERS, _text(MAX_NUMBERS))  # the sentence that is translated
    reader: str = _field("gru", _choice(READERS))  # the model that translates it
    decoder_step: int = _field(0, _whole(0, MAX_STEP))  # the word that is being written
    sees_encoder: bool = _field(True, _flag)  # False: the energies ignore what was read
    train_kind: str = _field("bahdanau", _choice(READERS))  # the model to train oneself
    train_units: int = _field(16, _whole(4, 64))
    train_seed: int = _field(1, _whole(0, MAX_SEED))
    tensors: str = _field("", _text(64))  # which file of one's own is open; empty for the example
    tensor_roles: Mapping[str, str] = _field({}, _named(_text(200)))  # its arrays, by role
    tensor_tokens: str = _field("", _text(MAX_SENTENCE))  # typed for them, a word for each
    tensor_mask: str = _field(TENSOR_MASKS[0], _choice(TENSOR_MASKS))
    tensors_scaled: bool = _field(True, _flag)  # whether their scores are divided by √d
    tensor_layer: int = _field(0, _whole(0, MAX_TOKENS - 1))  # the one looked at
    tensor_head: int = _field(0, _whole(0, MAX_TOKENS - 1))
    pinned: str = _field("", _text(MAX_PINNED))  # the lab that is A, as text; empty for none
    showing: str = _field(SHOWINGS[0], _choice(SHOWINGS))  # what figures show while one is pinned
    parameter_row: int = _field(0, _whole(0, MAX_WIDTH - 1))  # where the weight tables' page begins
    answers: Mapping[str, str] = _field({}, _named(_text(200)))  # predictions made, by page
    window: tuple[int, int, int] = _field((0, 0, 0), _window)  # query, key, dimension looked at
    trail: tuple[Pick, ...] = _field((), trail_of)  # the cells explained, the last one on screen
    table_row: int = _field(0, _whole(0, MAX_TOKENS - 1))  # where the table's page begins
    applied: Mapping[str, int] = _field({}, _named(_whole(0, MAX_SEEN)))  # last edit seen, by table
    queries_as: str = _field(USUAL.queries_as, _choice(QUERIES_AS))
    count_from: int = _field(USUAL.count_from, _whole(min(COUNT_FROM), max(COUNT_FROM)))
    symbols: str = _field(USUAL.symbols, _choice(SYMBOLS))

    @property
    def conventions(self) -> Conventions:
        """How values are drawn, numbered and called."""
        return Conventions(self.queries_as, self.count_from, self.symbols)

    @property
    def all_tokens(self) -> tuple[Token, ...]:
        """Every token of the sentence, also those beyond the limit."""
        return _all_tokens(self.sentence, self.keep_punctuation)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens in use: the sentence's first ones or, for lack of any, the notebook's."""
        return _tokens(self.sentence, self.keep_punctuation)

    @property
    def base(self) -> Matrix:
        """The embeddings before any edit."""
        return _base(*self._start)

    @property
    def embeddings(self) -> Matrix:
        """The embeddings with the user's edits."""
        return _embeddings(Same(self.edits), *self._start)

    @property
    def tensor(self) -> torch.Tensor:
        """The embeddings as float32, (n_tokens, d); the caller's own, to write into."""
        return _tensor(Same(self.edits), *self._start).clone()

    @property
    def edited_cells(self) -> list[tuple[int, int]]:
        """The (row, column) of each embedding that is the user's own."""
        return sorted((row, column) for row, columns in self._edited_rows() for column in columns)

    @property
    def is_edited(self) -> bool:
        """Whether any embedding is the user's own."""
        return next(self._edited_rows(), None) is not None

    @property
    def _start(self) -> tuple[str, bool, int, str, int]:
        """What the embeddings before any edit depend on."""
        return self.sentence, self.keep_punctuation, self.d, self.preset, self.seed

    def _edited_rows(self) -> Iterator[tuple[int, RowEdits]]:
        positions = _positions(self.sentence, self.keep_punctuation)
        return _edited_rows(self.edits, positions, self.d)

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
        positions = _positions(self.sentence, self.keep_punctuation)
        rows: dict[RowKey, dict[int, float]] = {}
        for word, nth, column, entry in entries:
            if (word, nth) not in positions:
                raise ValueError("a row of the table")
            key = (word, nth, self.d)
            if key not in rows:
                rows[key] = dict(self.edits.row(*key))
            rows[key][_whole(0, self.d - 1)(column)] = number(entry)
        for key, row in rows.items():
            # A number typed back to the original is no edit.
            start = self.base[positions[key[:2]]]
            rows[key] = {c: e for c, e in row.items() if c >= self.d or e != start[c]}
        edits = self.edits.with_rows(rows)
        if len(edits) > MAX_EDITS:
            raise ValueError(f"at most {MAX_EDITS:,} edited numbers")
        return replace(self, edits=edits)

    def with_table_row(self, row: int) -> Lab:
        """Return the lab with the table's page at a row, or raise ValueError."""
        return replace(self, table_row=_whole(0, MAX_TOKENS - 1)(row))

    def with_seen(self, sender: str, serial: int) -> Lab:
        """Return the lab with the last message seen of a sender, such as a table."""
        return replace(self, applied=MappingProxyType({**self.applied, sender: serial}))

    def without_edits(self, word: str | None = None, nth: int = 1) -> Lab:
        """Return the lab with one word's row, or all rows in use, as before any edit.

        Edits of other words and at other widths stay: nobody sees them go.
        """
        words = [(token.word, token.nth) for token in self.tokens]
        reset = words if word is None else [(word, nth)]
        gone: dict[RowKey, RowEdits] = {(*key, self.d): NO_EDITS for key in reset}
        return replace(self, edits=self.edits.with_rows(gone))
