"""A matrix too large to show every cell: of each block of cells, the one furthest from zero.

So each number of an overview is a real number of the matrix, and one knows which.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import torch
from torch import Tensor

MOST = 128  # rows or columns that are shown one by one


class Overview(NamedTuple):
    """A matrix with a cell for each block of another.

    Attributes:
        values: The numbers, (n_block_rows, n_block_columns).
        block: How many rows and columns a block has; the last ones may have fewer.
        at: Where in its block each number stands, row by row from 0, shaped as ``values``.
    """

    values: Tensor
    block: tuple[int, int]
    at: Tensor


def overview(tensor: Tensor, most: int = MOST) -> Overview:
    """Return the cell furthest from zero of each block, the first one of several.

    Args:
        tensor: A matrix, (n_rows, n_columns). A number that is not finite is taken only where its
            block has no other.
        most: Rows or columns of the overview.

    Example:
        >>> small = overview(torch.tensor([[1.0, 2.0, 0.5], [-3.0, 0.0, 0.25]]), most=1)
        >>> small.values, small.block, small.at
        (tensor([[-3.]]), (2, 3), tensor([[3]]))
    """
    n_rows, n_columns = tensor.shape
    down, across = -(-n_rows // most), -(-n_columns // most)
    rows, columns = -(-n_rows // down), -(-n_columns // across)
    size = torch.where(tensor.isfinite(), tensor.abs(), -1.0)
    padded = torch.full((rows * down, columns * across), -2.0, dtype=tensor.dtype)
    padded[:n_rows, :n_columns] = size
    blocks = padded.view(rows, down, columns, across).transpose(1, 2)
    at = blocks.reshape(rows, columns, down * across).argmax(dim=-1)
    row = torch.arange(rows)[:, None] * down + at // across
    column = torch.arange(columns) * across + at % across
    return Overview(tensor[row, column], (down, across), at)


def packed(tensor: Tensor) -> dict[str, Any]:
    """Return a matrix as Plotly's typed array: its exact numbers in base64, row by row.

    Whole numbers need one byte each; float64 stays float64, and every narrower float is a float32.
    """
    kind, dtype = ("f8", torch.float64) if tensor.dtype == torch.float64 else ("f4", torch.float32)
    if not tensor.dtype.is_floating_point:
        kind, dtype = "u1", torch.uint8
    contents = tensor.detach().to(dtype).contiguous().numpy().tobytes()
    shape = ", ".join(str(size) for size in tensor.shape)
    return {"dtype": kind, "bdata": base64.b64encode(contents).decode(), "shape": shape}


def unpacked(array: Any) -> Tensor:
    """Return the matrix that ``packed`` made an array of, or that a nested list is.

    Example:
        >>> unpacked(packed(torch.tensor([[0.5, 2.0]])))
        tensor([[0.5000, 2.0000]])
    """
    if not isinstance(array, dict):
        return torch.tensor(
            [[float("nan") if entry is None else entry for entry in row] for row in array]
        )
    dtype = {"f8": torch.float64, "f4": torch.float32, "u1": torch.uint8}[array["dtype"]]
    shape = [int(size) for size in array["shape"].split(",")]
    contents = bytearray(base64.b64decode(array["bdata"]))
    return torch.frombuffer(contents, dtype=dtype).view(*shape)
