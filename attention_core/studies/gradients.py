"""How softmax answers to a small change of each score: its Jacobian, by two separate routes."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.checks import Check
from attention_core.operations import Softmax
from attention_core.rounding import format_of

STEP = 1e-5  # of a scaled score: small for the curvature, large for float64's rounding
TOLERANCE = 1e-9  # the sum of both errors is below 1e-10 for that step


def softmax_jacobian(scores: Tensor, temperature: float = 1.0) -> Tensor:
    r"""Return the softmax's Jacobian: by how much each weight changes for each score.

    ``J = (diag(p) - p pᵀ) / temperature`` with ``p = softmax(scores / temperature)``.

    Args:
        scores: One row of scores, (n_keys,).
        temperature: What the scores are divided by before the softmax.

    Returns:
        ``J[i, j]``, the change of weight ``i`` per change of score ``j``, (n_keys, n_keys).

    Raises:
        ValueError: If the scores are not one row, or the temperature is not above 0.

    Example:
        >>> softmax_jacobian(torch.tensor([1.0, 1.0]))
        tensor([[ 0.2500, -0.2500],
                [-0.2500,  0.2500]])

    Source:
        Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.2.2.3.
    """
    _require_a_row(scores, temperature)
    p = torch.softmax(scores / temperature, dim=-1)  # (n_keys,)
    return (torch.diag(p) - torch.outer(p, p)) / temperature


def jacobian_by_differences(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the softmax's Jacobian without its formula: nudge each score up and down, and look.

    Args:
        scores: One row of scores, (n_keys,).
        temperature: What the scores are divided by before the softmax.

    Returns:
        ``(p(score j + h) - p(score j - h)) / 2h`` in column ``j``, (n_keys, n_keys).

    Raises:
        ValueError: If the scores are not one row, or the temperature is not above 0.
    """
    _require_a_row(scores, temperature)
    row = scores.double()
    row = row - row.max()  # the weights stay the same, and a nudge is not lost beside a large score
    columns = []
    for j in range(len(row)):
        above, below = row.clone(), row.clone()
        above[j] += STEP * temperature
        below[j] -= STEP * temperature
        change = _shares(above / temperature) - _shares(below / temperature)
        columns.append(change / (2 * STEP * temperature))
    return torch.stack(columns, dim=1)


def check_jacobian(jacobian: Tensor, scores: Tensor, temperature: float = 1.0) -> Check:
    """Return whether a Jacobian agrees with the finite differences.

    Example:
        >>> row = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
        >>> check_jacobian(softmax_jacobian(row), row).ok
        True
    """
    off = float((jacobian.double() - jacobian_by_differences(scores, temperature)).abs().max())
    rounding = 16 * torch.finfo(jacobian.dtype).eps
    tolerance = (TOLERANCE + rounding) / temperature
    return Check(
        "jacobian", "finite differences", off, tolerance, off / tolerance, off <= tolerance
    )


def jacobian_rounding(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """Return what rounding may do to each cell of a Jacobian in float64, (n_keys, n_keys).

    Args:
        scores: As for ``softmax_jacobian``.
        temperature: As for ``softmax_jacobian``.
    """
    _require_a_row(scores, temperature)
    scaled, kind = scores.double() / temperature, format_of(torch.float64)
    p = torch.softmax(scaled, dim=-1)
    exponents = scaled.abs() * kind.unit
    off = Softmax().rounding([scaled[None]], p[None], kind)[0]
    off = off + p * (exponents + (p * exponents).sum())
    size = torch.diag(p) + torch.outer(p, p)
    passed_on = torch.diag(off) + torch.outer(off, p) + torch.outer(p, off)
    return (passed_on + 4 * kind.unit * size) / temperature


def _shares(row: Tensor) -> Tensor:
    """Return softmax without using torch's, so that the two routes share nothing."""
    powers = torch.exp(row - row.max())
    return powers / powers.sum()


def _require_a_row(scores: Tensor, temperature: float) -> None:
    if scores.ndim != 1 or scores.numel() == 0:
        raise ValueError(f"scores must be one row, (n_keys,), got shape {tuple(scores.shape)}")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
