"""The mask of a lab: as its preset makes it, and with the cells that the user painted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from attention_core.masks import (
    block_mask,
    causal_mask,
    padding_mask,
    prefix_mask,
    sliding_window_mask,
)
from ui.cards import parameters
from ui.lab.edits import RowKey
from ui.lab.lab import Lab


def preset_mask(lab: Lab) -> Tensor:
    """Return the mask as its preset makes it, (n_tokens, n_tokens), True = may attend."""
    n, size = len(lab.tokens), lab.mask_size
    if lab.mask_preset == "none":
        return torch.ones(n, n, dtype=torch.bool)
    if lab.mask_preset == "causal":
        return causal_mask(n)
    make = {
        "padding": padding_mask,
        "window": sliding_window_mask,
        "prefix": prefix_mask,
        "blocks": block_mask,
    }[lab.mask_preset]
    return make(n, size)


def mask_of(lab: Lab) -> Tensor:
    """Return the mask with the cells that the user painted for this many tokens."""
    mask = preset_mask(lab)
    n = len(mask)
    for row in range(n):
        for column, entry in lab.painted.row(*_key(row, n)).items():
            mask[row, column] = entry != 0
    return mask


def _key(row: int, n: int) -> RowKey:
    """Return under which name a row's painted cells are kept: for this many tokens only."""
    return "mask", row + 1, n


def toggled(lab: Lab, row: int, column: int) -> Lab:
    """Return the lab with one cell of the mask turned over."""
    start = preset_mask(lab)
    key = _key(row, len(start))
    painted = dict(lab.painted.row(*key))
    now = not bool(mask_of(lab)[row, column])
    painted[column] = float(now)
    if now == bool(start[row, column]):
        del painted[column]  # as the preset has it: no longer the user's own
    return replace(lab, painted=lab.painted.with_rows({key: painted}))


def unpainted(lab: Lab) -> Lab:
    """Return the lab with the mask as its preset makes it; other sizes keep theirs."""
    n = len(lab.tokens)
    return replace(lab, painted=lab.painted.without_rows(_key(row, n) for row in range(n)))


def painted_cells(lab: Lab) -> int:
    """Return how many cells of the mask on screen are the user's own."""
    n = len(lab.tokens)
    return sum(len(lab.painted.row(*_key(row, n))) for row in range(n))


def inputs_of(lab: Lab) -> dict[str, Any]:
    """Return the inputs of causal self-attention, the mask among them."""
    return {**parameters.inputs_of(lab), "mask": mask_of(lab)}
