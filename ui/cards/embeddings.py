"""The embeddings of a lab: their tensor, their labels, and how typed entries change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from ui.cards.editors import Editor, Entry
from ui.lab.lab import Lab


def _set_entries(lab: Lab, entries: Sequence[Entry]) -> Lab:
    return lab.with_entries([(*_word(row_id), column, entry) for row_id, column, entry in entries])


def _reset(lab: Lab, row_id: str | None) -> Lab:
    return lab.without_edits() if row_id is None else lab.without_edits(*_word(row_id))


def _word(row_id: str) -> tuple[str, int]:
    """Return the word and its occurrence that a row of the table stands for."""
    word, _, nth = row_id.rpartition("|")
    if not nth.isascii() or not nth.isdigit() or not word:
        raise ValueError("a row of the table")
    return word, int(nth[:9])


EMBEDDINGS = Editor("embeddings", "inputs", _set_entries, _reset, Lab.with_table_row)


def tensor_of(lab: Lab) -> torch.Tensor:
    """Return the embeddings as the core takes them, (n_tokens, d)."""
    return lab.tensor


def inputs_of(lab: Lab) -> dict[str, torch.Tensor]:
    """Return the inputs of a mechanism that starts from the embeddings alone."""
    return {"inputs": tensor_of(lab)}


def labels_of(lab: Lab) -> list[str]:
    """Return the tokens as the figures name them."""
    return [token.text for token in lab.tokens]


def with_preset(lab: Lab, preset: str) -> Lab:
    """Return the lab with its table filled anew, as choosing a preset does."""
    return replace(lab.without_edits(), preset=preset)
