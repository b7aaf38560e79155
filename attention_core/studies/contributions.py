"""What each head contributes to one cell of the output."""

from __future__ import annotations

from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.large_spread import step_rounding
from attention_core.mechanism import Trace
from attention_core.rounding import format_of


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
        >>> import torch
        >>> from attention_core import MULTI_HEAD_ATTENTION
        >>> identity, w_out = torch.eye(2), torch.tensor([[0.5, 0.0], [2.0, 0.0]])
        >>> trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, n_heads=2, w_out=w_out)
        >>> contributions(trace, 1, 0)
        tensor([0.2500, 1.4621])
        >>> trace["output"][1, 0]
        tensor(1.7121)
    """
    _require_cell(trace, row, column)
    n_heads = len(trace["context"])
    return of_heads(trace["concatenated"][row], trace["w_out"][:, [column]], n_heads)[:, 0]


def of_heads(joined: Tensor, w_out: Tensor, n_heads: int) -> Tensor:
    """Return what each head gives to a row of the output, (n_heads, d_out).

    Args:
        joined: The heads' context vectors of one query side by side, (n_heads · d_head,).
        w_out: The output projection, (n_heads · d_head, d_out).
        n_heads: How many heads there are.
    """
    return (joined.unsqueeze(-1) * w_out).reshape(n_heads, -1, w_out.shape[-1]).sum(dim=1)


def contributions_rounding(trace: Trace, row: int) -> Tensor:
    """Return what rounding may do to each head's part of a row of the output, (n_heads, d_out)."""
    joined, w_out = trace["concatenated"][row].detach().double(), trace["w_out"].detach().double()
    n_heads = len(trace["context"])
    size = of_heads(joined.abs(), w_out.abs(), n_heads)
    return format_of(trace["output"].dtype).of_sum(size, size, len(joined) // n_heads)


def check_contributions(trace: Trace, row: int, column: int) -> Check:
    """Return whether the heads' parts and the bias add up to the output.

    Args:
        trace: As for ``contributions``, and so are the others.
        row: The token.
        column: The output's dimension.
    """
    parts = contributions(trace, row, column).detach().double()
    output = trace["output"].detach()
    total = parts.sum()
    if "b_out" in trace.inputs:
        total = total + trace["b_out"].detach()[0, column].double()
    # The parts are sums of as many terms as the output has, in the same format.
    allowed = 2 * step_rounding(trace, "output")[row, column]
    return verdict("output", "the heads add up", distances(total, output[row, column]), allowed)


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
