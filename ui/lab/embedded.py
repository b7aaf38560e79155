"""From a sentence and its edits to tokens, rows and a tensor, remembered for the last few labs.

A run asks for these many times over. They depend on their arguments alone; an edit makes one row
anew, since rows are known by identity.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import torch

from attention_core.embeddings import NOTEBOOK_SENTENCE, Matrix, embed
from attention_core.tokens import Token, tokenize
from ui.lab.checks import MAX_TOKENS
from ui.lab.edits import Edits, RowEdits
from ui.lab.same import Same


@lru_cache(maxsize=8)
def all_tokens_of(sentence: str, keep_punctuation: bool) -> tuple[Token, ...]:
    """Return every token of a sentence, also those beyond the limit."""
    return tokenize(sentence, keep_punctuation=keep_punctuation)


@lru_cache(maxsize=8)
def tokens_of(sentence: str, keep_punctuation: bool) -> tuple[Token, ...]:
    """Return the tokens in use: the first ones or, for lack of any, the notebook's."""
    return all_tokens_of(sentence, keep_punctuation)[:MAX_TOKENS] or tokenize(NOTEBOOK_SENTENCE)


@lru_cache(maxsize=8)
def positions_of(sentence: str, keep_punctuation: bool) -> Mapping[tuple[str, int], int]:
    """Return where each word's nth occurrence stands among the tokens in use."""
    tokens = tokens_of(sentence, keep_punctuation)
    return {(token.word, token.nth): position for position, token in enumerate(tokens)}


@lru_cache(maxsize=8)
def base_of(sentence: str, keep_punctuation: bool, d: int, preset: str, seed: int) -> Matrix:
    """Return the embeddings of the tokens in use before any edit."""
    return embed(tokens_of(sentence, keep_punctuation), d, preset, seed)


@lru_cache(maxsize=8)
def embeddings_of(edits: Same, sentence: str, keep_punctuation: bool, d: int, *more: Any) -> Matrix:
    """Return the embeddings with the edits; rows without any are those before any edit."""
    rows = list(base_of(sentence, keep_punctuation, d, *more))
    for row, edited in edited_rows(edits.of, positions_of(sentence, keep_punctuation), d):
        rows[row] = _merged(Same(rows[row]), Same(edited))
    return tuple(rows)


@lru_cache(maxsize=2 * MAX_TOKENS)
def _merged(start: Same, edits: Same) -> tuple[float, ...]:
    return tuple(edits.of.get(column, entry) for column, entry in enumerate(start.of))


@lru_cache(maxsize=8)
def tensor_of(edits: Same, *start: Any) -> torch.Tensor:
    """Return the embeddings as float32, put together from the memory of their rows."""
    rows = embeddings_of(edits, *start)
    memory = bytearray(b"".join([_float32(Same(row)) for row in rows]))
    return torch.frombuffer(memory, dtype=torch.float32).view(len(rows), -1)


@lru_cache(maxsize=4 * MAX_TOKENS)
def _float32(row: Same) -> bytes:
    return array("f", row.of).tobytes()


def edited_rows(
    edits: Edits, positions: Mapping[tuple[str, int], int], d: int
) -> Iterator[tuple[int, RowEdits]]:
    """Yield the position and the edits of each row in use that has any, in no order."""
    for (word, nth, width), columns in edits.rows.items():
        position = positions.get((word, nth)) if width == d else None
        if position is not None:
            yield position, columns
