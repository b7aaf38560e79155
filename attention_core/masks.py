"""Masks: who may attend to whom. True means may attend, as in ``scaled_dot_product_attention``."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.tensors import require_mask


def causal_mask(n_queries: int, n_keys: int | None = None) -> Tensor:
    """Return the mask that lets every query attend to itself and to what came before.

    Args:
        n_queries: How many tokens ask.
        n_keys: How many answer; as many, if not said.

    Returns:
        Booleans, (n_queries, n_keys), True = may attend.

    Example:
        >>> causal_mask(3)
        tensor([[ True, False, False],
                [ True,  True, False],
                [ True,  True,  True]])

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.5.1.
    """
    return torch.ones(n_queries, n_keys or n_queries, dtype=torch.bool).tril()


def mask_or_causal(mask: Tensor | None, n_queries: int, n_keys: int) -> Tensor:
    """Return the mask if it has that size, the causal one for None; ValueError if not."""
    if mask is None:
        return causal_mask(n_queries, n_keys)
    found = tuple(require_mask("mask", mask).shape)
    if found != (n_queries, n_keys):
        raise ValueError(
            f"mask must have shape {(n_queries, n_keys)}, one row per query and one column per "
            f"key; got {found}"
        )
    return mask
