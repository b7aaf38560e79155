"""What may go into a mechanism: said in words when it may not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def require_numbers(name: str, tensor: object, n_axes: int = 2) -> Tensor:
    """Return the tensor if it has finite floats and this many axes.

    Raises:
        ValueError: If not; it says what was expected and what came.

    Example:
        >>> require_numbers("w_query", torch.ones(3))
        Traceback (most recent call last):
        ValueError: w_query must be a non-empty float tensor with 2 axes and finite values; got
        shape (3,)
    """
    expected = f"{name} must be a non-empty float tensor with {n_axes} axes and finite values"
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{expected}; got {type(tensor).__name__}")
    if tensor.dtype not in FLOATS:
        raise ValueError(f"{expected}; got dtype {tensor.dtype}")
    _require_shape(expected, tensor, n_axes)
    # A sum shows in one pass that all its terms are finite; only then a closer look is spared.
    if not math.isfinite(tensor.detach().sum().item()) and not bool(torch.isfinite(tensor).all()):
        where = tuple((~torch.isfinite(tensor)).nonzero()[0].tolist())
        raise ValueError(f"{expected}; got {tensor[where].item()} at {where}")
    return tensor


def require_mask(name: str, tensor: object, n_axes: int = 2) -> Tensor:
    """Return the tensor if it is boolean and has this many axes.

    Raises:
        ValueError: If not; it says what was expected and what came.
    """
    expected = f"{name} must be a non-empty bool tensor with {n_axes} axes"
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{expected}; got {type(tensor).__name__}")
    if tensor.dtype != torch.bool:
        raise ValueError(f"{expected}; got dtype {tensor.dtype}")
    _require_shape(expected, tensor, n_axes)
    return tensor


def _require_shape(expected: str, tensor: Tensor, n_axes: int) -> None:
    if tensor.layout != torch.strided or tensor.is_meta:
        raise ValueError(f"{expected}; got layout {tensor.layout} on {tensor.device}")
    if tensor.ndim != n_axes or tensor.numel() == 0:
        raise ValueError(f"{expected}; got shape {tuple(tensor.shape)}")


def require_cell(name: str, tensor: Tensor, index: Sequence[int]) -> tuple[int, ...]:
    """Return the index if it names one cell of the tensor; IndexError if not."""
    shape = tuple(tensor.shape)
    if not is_cell(index, shape):
        raise IndexError(f"{name} has shape {shape}; there is no cell {tuple(index)}")
    return tuple(index)


def is_cell(index: Sequence[int], shape: Sequence[int]) -> bool:
    """Return whether an index names one cell of a tensor of that shape, counted from 0.

    Example:
        >>> is_cell((1, 1), (2, 2)), is_cell((1, 2), (2, 2)), is_cell((-1, 0), (2, 2))
        (True, False, False)
    """
    return len(index) == len(shape) and all(
        0 <= position < size for position, size in zip(index, shape, strict=True)
    )
