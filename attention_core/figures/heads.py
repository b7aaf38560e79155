"""The matrix of a value that a figure shows: the value itself or, with heads, that of one head."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from attention_core.mechanism import Trace


class ShownMatrix(NamedTuple):
    """One matrix of a value, and what its rows and its columns are.

    Attributes:
        matrix: The numbers, (n_rows, n_columns).
        axes: What its rows and its columns are.
    """

    matrix: Tensor
    axes: tuple[str, str]


def shown_of(trace: Trace, name: str, head: int | None = None) -> ShownMatrix:
    """Return the matrix of a value that a figure shows.

    Args:
        trace: A run of any mechanism.
        name: A step or an input.
        head: Which head's, from 0; None for a value without heads.

    Raises:
        ValueError: If a head is missing, superfluous or does not exist; it names the value.

    Example:
        >>> import torch
        >>> from attention_core import MULTI_HEAD_ATTENTION
        >>> identity = torch.eye(2)
        >>> trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, 2, identity)
        >>> shown_of(trace, "weights", 1)
        ShownMatrix(matrix=tensor([[1.0000, 0.0000],
                [0.2689, 0.7311]]), axes=('query token', 'key token'))
    """
    tensor = trace[name]
    shape, axes = tuple(tensor.shape), trace.axes(name)
    if tensor.ndim == 2 and head is None:
        return ShownMatrix(tensor, (axes[0], axes[1]))
    if tensor.ndim == 3 and head is not None and 0 <= head < shape[0]:
        return ShownMatrix(tensor[head], (axes[-2], axes[-1]))
    expected = f"a head from 0 to {shape[0] - 1}" if tensor.ndim == 3 else "no head"
    raise ValueError(f"{name} has shape {shape}, so a figure of it takes {expected}; got {head!r}")
