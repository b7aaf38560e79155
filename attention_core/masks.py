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


def padding_mask(n: int, n_real: int) -> Tensor:
    """Return the mask that hides the last tokens, which only fill up the sequence.

    Args:
        n: How many tokens there are.
        n_real: How many of them, the first ones, are real; those after are padding. From 0, which
            leaves nobody anything to attend to; from ``n`` on there is no padding.

    Returns:
        Booleans, (n, n), True = may attend. Rows of padding attend to what is real, too.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> padding_mask(3, 2).int()
        tensor([[1, 1, 0],
                [1, 1, 0],
                [1, 1, 0]], dtype=torch.int32)

    Source:
        ``key_padding_mask`` of ``torch.nn.MultiheadAttention``, where True = padding.
    """
    _, keys = _places(n)
    return (keys < _whole("n_real", n_real, 0)).expand(n, n).contiguous()


def sliding_window_mask(n: int, width: int) -> Tensor:
    """Return the causal mask that forgets: each token sees itself and the ``width`` - 1 before.

    Args:
        n: How many tokens there are.
        width: How many tokens a query sees, itself included, from 1.

    Returns:
        Booleans, (n, n), True = may attend.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> sliding_window_mask(3, 2).int()
        tensor([[1, 0, 0],
                [1, 1, 0],
                [0, 1, 1]], dtype=torch.int32)

    Source:
        Beltagy, Peters, Cohan, "Longformer: The Long-Document Transformer" (2020), section 3.1.
    """
    queries, keys = _places(n)
    return (keys <= queries) & (keys > queries - _whole("width", width, 1))


def prefix_mask(n: int, n_prefix: int) -> Tensor:
    """Return the causal mask with a prefix that everybody sees, the prefix itself included.

    Args:
        n: How many tokens there are.
        n_prefix: How many of them, the first ones, everybody may attend to, from 0.

    Returns:
        Booleans, (n, n), True = may attend.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> prefix_mask(3, 2).int()
        tensor([[1, 1, 0],
                [1, 1, 0],
                [1, 1, 1]], dtype=torch.int32)

    Source:
        Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
        Transformer" (2020), section 3.2.1, "causal with prefix".
    """
    queries, keys = _places(n)
    return (keys <= queries) | (keys < _whole("n_prefix", n_prefix, 0))


def block_mask(n: int, size: int) -> Tensor:
    """Return the mask that lets tokens attend within their block of neighbours only.

    Args:
        n: How many tokens there are.
        size: How many tokens a block has, from 1; the last has what is left.

    Returns:
        Booleans, (n, n), True = may attend.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> block_mask(3, 2).int()
        tensor([[1, 1, 0],
                [1, 1, 0],
                [0, 0, 1]], dtype=torch.int32)

    Source:
        Child et al., "Generating Long Sequences with Sparse Transformers" (2019), section 4.3.
    """
    queries, keys = _places(n)
    size = _whole("size", size, 1)
    return queries // size == keys // size


def _places(n: int) -> tuple[Tensor, Tensor]:
    """Return the positions of queries as a column and of keys as a row."""
    places = torch.arange(_whole("n", n, 1))
    return places[:, None], places[None, :]


def _whole(name: str, number: int, least: int) -> int:
    """Return a whole number if it is not too small; ValueError if it is."""
    if isinstance(number, bool) or not isinstance(number, int) or number < least:
        raise ValueError(f"{name} must be a whole number from {least}; got {number!r}")
    return number


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
