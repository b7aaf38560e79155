"""What each head contributes to one cell of the output."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.checks import ROUNDINGS, Check
from attention_core.trace import Trace


def contributions(trace: Trace, row: int, column: int) -> Tensor:
    """Return each head's part of an output cell: its context vector times its rows of ``w_out``.

    They and the bias ``b_out`` add up to the output.

    Args:
        trace: A run of multi-head attention, split or stacked, with an output projection.
        row: The token.
        column: The output's dimension.

    Returns:
        One number per head, (n_heads,).

    Raises:
        ValueError: If the run has no heads or no output projection, or somebody put a number
            of their own into the cell.
        IndexError: If the output has no such cell.

    Example:
        >>> from attention_core import MULTI_HEAD_ATTENTION
        >>> identity, w_out = torch.eye(2), torch.tensor([[0.5, 0.0], [2.0, 0.0]])
        >>> trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, n_heads=2, w_out=w_out)
        >>> contributions(trace, 1, 0)
        tensor([0.2500, 1.4621])
        >>> trace["output"][1, 0]
        tensor(1.7121)
    """
    _require_cell(trace, row, column)
    n_heads, w_out = len(trace["context"]), trace["w_out"]
    parts = trace["concatenated"][row] * w_out[:, column]
    return parts.reshape(n_heads, -1).sum(dim=-1)  # of (n_heads, d_head)


def check_contributions(trace: Trace, row: int, column: int) -> Check:
    """Return whether the heads' parts and the bias add up to the output.

    Args:
        trace: As for ``contributions``, and so are the others.
        row: The token.
        column: The output's dimension.
    """
    parts = contributions(trace, row, column).detach().double()
    output = trace["output"].detach()
    total = float(parts.sum())
    if "b_out" in trace.inputs:
        total += float(trace["b_out"][0, column])
    used = trace.mechanism.step("output")
    largest = used.operation.magnitude(*(trace[name] for name in used.of))
    tolerance = ROUNDINGS * torch.finfo(output.dtype).eps * max(1.0, largest)
    cell = float(output[row, column])
    same = total == cell or (total != total and cell != cell)
    off = 0.0 if same else abs(total - cell)
    return Check("output", "the heads add up", off, tolerance, off <= tolerance)


def _require_cell(trace: Trace, row: int, column: int) -> None:
    names = {*trace.inputs, *trace.steps}
    if not {"w_out", "context", "output"} <= names or trace["context"].ndim != 3:
        raise ValueError(
            f"contributions are those of heads to an output; got a run of {', '.join(trace.steps)}"
        )
    shape = tuple(trace["output"].shape)
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise IndexError(f"output has shape {shape}; there is no cell {(row, column)}")
    if (row, column) in trace.overridden.get("output", ()):
        raise ValueError(f"output[{row}, {column}] is a number of yours: no head made it")
