"""What the user chose, and nothing else: one frozen value, and how each event changes it.

Everything on screen is computed from a ``Lab``; it travels in the page's address (``ui.lab.link``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import torch

from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS, USUAL, Conventions
from attention_core.embeddings import MAX_WIDTH, NOTEBOOK_SENTENCE, PRESETS, Matrix
from attention_core.tokens import Token
from ui.lab.checks import (
    MAX_EDITS,
    MAX_SENTENCE,
    MAX_TOKENS,
    Pick,
    edits_up_to,
    flag,
    goal,
    moves,
    named,
    number,
    one_of,
    text,
    trail_of,
    whole,
    window,
)
from ui.lab.choices import C, Choices, choice, declared, owner_of
from ui.lab.edits import Edits, RowEdits, Typed
from ui.lab.embedded import (
    all_tokens_of,
    base_of,
    edited_rows,
    embeddings_of,
    positions_of,
    tensor_of,
    tokens_of,
)
from ui.lab.same import Same

MAX_SEED = 999_999
MAX_SEEN = 2**40  # what a link may claim was seen; the edits to come have room above it
MAX_HEADS = 16
DRAWN_AS = ("rand", "linear", "linear with bias")  # parameters, as the chapter's classes draw them
SHOWINGS = ("B", "A", "B − A")
MAX_PINNED = 100_000  # characters of a pinned lab
MASKS = ("causal", "none", "padding", "window", "prefix", "blocks")
OTHER_SENTENCE = "Where does it start"
NUMBERS = "thirty-four, seven, sixty-one"
MAX_NUMBERS = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Lab:
    """Everything one visitor chose, on all pages."""

    sentence: str = choice(
        NOTEBOOK_SENTENCE,
        text(MAX_SENTENCE),
        "the text, up to 100,000 characters; its first 512 tokens are used",
    )
    keep_punctuation: bool = choice(False, flag, "whether signs are tokens too")
    d: int = choice(3, whole(1, MAX_WIDTH), "the width of the embeddings, 1 to 64")
    preset: str = choice(
        "notebook",
        one_of(tuple(PRESETS)),
        f"what the table starts from: {', '.join(PRESETS)}",
    )
    seed: int = choice(123, whole(0, MAX_SEED), "of the preset random, 0 to 999,999")
    edits: Edits = choice(
        Edits(), edits_up_to(), "own embeddings, edits by word, its occurrence and width"
    )
    query: int = choice(1, whole(0, MAX_TOKENS - 1), "the query token that is followed, from 0")
    d_out: int = choice(
        2, whole(1, MAX_WIDTH), "the width of queries, keys and values, all heads together, 1 to 64"
    )
    d_value: int = choice(
        0, whole(0, MAX_WIDTH), "the width of the values where it is another; 0 for the same"
    )
    drawn_as: str = choice(
        DRAWN_AS[0],
        one_of(DRAWN_AS),
        "how the trainable weights begin: rand, linear, linear with bias",
    )
    parameter_seed: int = choice(123, whole(0, MAX_SEED), "where they are drawn from")
    parameters: Edits = choice(
        Edits(), edits_up_to(), "own trainable weights, edits by matrix, row (from 1) and width"
    )
    n_heads: int = choice(2, whole(1, MAX_HEADS), "how many heads, 1 to 16")
    mask_preset: str = choice(
        MASKS[0],
        one_of(MASKS),
        "what the mask starts from: causal, none, padding, window, prefix, blocks",
    )
    mask_size: int = choice(2, whole(1, MAX_TOKENS), "the size that such a mask has, 1 to 512")
    painted: Edits = choice(
        Edits(),
        edits_up_to(MAX_TOKENS),
        'cells of the mask painted over: edits named "mask", row from 1, width, 0 or 1',
    )
    other_sentence: str = choice(
        OTHER_SENTENCE, text(MAX_SENTENCE), "the sentence that cross-attention asks"
    )
    overrides: Edits = choice(
        Edits(),
        edits_up_to(MAX_TOKENS),
        'own numbers in steps: edits named "place/step" or "place/step/head", row from 1, width',
    )
    has_lens: bool = choice(False, flag, "whether the gradient lens is on")
    goal: tuple[int, int, float, float] = choice(
        (0, 0, 0.9, 0.0),
        goal,
        "query, key, the weight sought, how far numbers may move (0: any length)",
    )
    goal_moves: tuple[str, ...] = choice(
        ("inputs",), moves, "what may move: inputs, w_query, w_key"
    )
    goal_from: str = choice("", text(MAX_PINNED), "the lab that a search began at, as text")
    goal_step: int = choice(0, whole(0, 10_000), "which of its steps is shown")
    numbers: str = choice(NUMBERS, text(MAX_NUMBERS), "the sentence that is translated")
    pinned: str = choice("", text(MAX_PINNED), "the lab that is pinned as A, as text")
    showing: str = choice(
        SHOWINGS[0],
        one_of(SHOWINGS),
        "what figures show while one is pinned: B, A, B − A",
        is_view=True,
    )
    parameter_row: int = choice(
        0, whole(0, MAX_WIDTH - 1), "the first row of weights that a long table shows", is_view=True
    )
    answers: Mapping[str, str] = choice(
        {}, named(text(200)), "predictions made, by page", is_view=True
    )
    window: tuple[int, int, int] = choice(
        (0, 0, 0),
        window,
        "query, key and dimension around which a large figure shows numbers",
        is_view=True,
    )
    trail: tuple[Pick, ...] = choice(
        (),
        trail_of,
        "the cells explained: [place, name, (head,) row, column], the last one on screen",
        is_view=True,
    )
    table_row: int = choice(
        0,
        whole(0, MAX_TOKENS - 1),
        "the first row of embeddings that a long table shows",
        is_view=True,
    )
    applied: Mapping[str, int] = choice(
        {}, named(whole(0, MAX_SEEN)), "the last edit taken in, by table", is_view=True
    )
    queries_as: str = choice(
        USUAL.queries_as, one_of(QUERIES_AS), "how values are drawn: rows, columns", is_view=True
    )
    count_from: int = choice(
        USUAL.count_from,
        whole(min(COUNT_FROM), max(COUNT_FROM)),
        "the number of the first token, 0 or 1",
        is_view=True,
    )
    symbols: str = choice(USUAL.symbols, one_of(SYMBOLS), "notebook, paper, words", is_view=True)
    of_lessons: Mapping[type[Choices], Choices] = field(
        default_factory=lambda: MappingProxyType({})  # those that differ from the default
    )

    def of(self, kind: type[C]) -> C:
        """Return the choices of a lesson, by their kind."""
        own = self.of_lessons.get(kind)
        return own if isinstance(own, kind) else kind()

    def choosing(self, **values: Any) -> Lab:
        """Return the lab with some fields set, shared ones and those of lessons, by name.

        Raises:
            TypeError: If there is no field of a name.

        Example:
            >>> Lab().choosing(sentence="to be").sentence
            'to be'
        """
        own: dict[type[Choices], dict[str, Any]] = {}
        for name in [*values]:
            kind = owner_of(name)
            if kind is not None:
                own.setdefault(kind, {})[name] = values.pop(name)
        chosen = {kind: replace(self.of(kind), **some) for kind, some in own.items()}
        together = {**self.of_lessons, **chosen}
        different = {kind: some for kind, some in together.items() if some != kind()}
        return replace(self, **values, of_lessons=MappingProxyType(different))

    def value(self, name: str) -> Any:
        """Return a field by name, a shared one or one of a lesson."""
        kind = owner_of(name)
        return getattr(self if kind is None else self.of(kind), name)

    def seen_as(self, other: Lab) -> Lab:
        """Return the lab looked at as another one is: with its view, and own choices."""
        return self.choosing(**{name: other.value(name) for name in view()})

    @property
    def conventions(self) -> Conventions:
        """How values are drawn, numbered and called."""
        return Conventions(self.queries_as, self.count_from, self.symbols)

    @property
    def all_tokens(self) -> tuple[Token, ...]:
        """Every token of the sentence, also those beyond the limit."""
        return all_tokens_of(self.sentence, self.keep_punctuation)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens in use: the sentence's first ones or, for lack of any, the notebook's."""
        return tokens_of(self.sentence, self.keep_punctuation)

    @property
    def base(self) -> Matrix:
        """The embeddings before any edit."""
        return base_of(*self._start)

    @property
    def embeddings(self) -> Matrix:
        """The embeddings with the user's edits."""
        return embeddings_of(Same(self.edits), *self._start)

    @property
    def tensor(self) -> torch.Tensor:
        """The embeddings as float32, (n_tokens, d); the caller's own, to write into."""
        return tensor_of(Same(self.edits), *self._start).clone()

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
        positions = positions_of(self.sentence, self.keep_punctuation)
        return edited_rows(self.edits, positions, self.d)

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
        positions = positions_of(self.sentence, self.keep_punctuation)
        checked, column_of = list[Typed](), whole(0, self.d - 1)
        for word, nth, column, entry in entries:
            if (word, nth) not in positions:
                raise ValueError("a row of the table")
            start = self.base[positions[word, nth]]
            checked.append(((word, nth, self.d), start, column_of(column), number(entry)))
        edits = self.edits.typed(checked)
        if len(edits) > MAX_EDITS:
            raise ValueError(f"at most {MAX_EDITS:,} edited numbers")
        return replace(self, edits=edits)

    def with_table_row(self, row: int) -> Lab:
        """Return the lab with the table's page at a row, or raise ValueError."""
        return replace(self, table_row=whole(0, MAX_TOKENS - 1)(row))

    def with_seen(self, sender: str, serial: int) -> Lab:
        """Return the lab with the last message seen of a sender, such as a table."""
        return replace(self, applied=MappingProxyType({**self.applied, sender: serial}))

    def without_edits(self, word: str | None = None, nth: int = 1) -> Lab:
        """Return the lab with one word's row, or all rows in use, as before any edit.

        Edits of other words and at other widths stay: nobody sees them go.
        """
        words = [(token.word, token.nth) for token in self.tokens]
        reset = words if word is None else [(word, nth)]
        return replace(self, edits=self.edits.without_rows((*key, self.d) for key in reset))


def known_fields() -> dict[str, Field[Any]]:
    """Return the fields of labs by name: those that lessons share, then those of each lesson."""
    shared = {own.name: own for own in fields(Lab) if own.name != "of_lessons"}
    return {**shared, **declared()}


def view() -> tuple[str, ...]:
    """Return the fields that undo leaves alone: where and how one looks, what one guessed."""
    return tuple(name for name, own in known_fields().items() if own.metadata["is_view"])
