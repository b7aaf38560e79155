"""What an edit changed: the cells of two runs that are not equal to the last bit."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.mechanism import Trace


def changed_cells(before: Trace, after: Trace, name: str) -> Tensor:
    """Return which cells of a value differ, as booleans of its shape. NaN equals NaN.

    Args:
        before: A run.
        after: Another run of the same mechanism.
        name: A step or an input; all its cells count as changed when its shape is another.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> x = torch.eye(2)
        >>> a = SIMPLE_SELF_ATTENTION.run(inputs=x)
        >>> x[0, 1] = 0.5
        >>> changed_cells(a, SIMPLE_SELF_ATTENTION.run(inputs=x), "scores")
        tensor([[ True,  True],
                [ True, False]])
    """
    old, new = before[name], after[name]
    if old.shape != new.shape:
        return torch.ones_like(new, dtype=torch.bool)
    return (old != new) & ~(old.isnan() & new.isnan())


def leaks(before: Trace, after: Trace, changed: int) -> Tensor:
    """Return which context cells of earlier tokens a change of a later token reaches.

    Args:
        before: A run.
        after: The same with other numbers for one token, in truth run again.
        changed: Which token that is, from 0.

    Returns:
        Booleans, (changed, d_value), with heads in front if there are any: True where a cell
        is not bit for bit the same. NaN equals NaN, and 0 is not -0.

    Raises:
        ValueError: If there is no such token, or the runs are of different sizes.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> x = torch.eye(2)
        >>> before = SIMPLE_SELF_ATTENTION.run(inputs=x)
        >>> x[1, 1] += 1
        >>> leaks(before, SIMPLE_SELF_ATTENTION.run(inputs=x), 1)
        tensor([[False,  True]])
    """
    old, new = before["context"], after["context"]
    if old.shape != new.shape:
        raise ValueError(
            f"both runs must have context vectors of one shape; got {tuple(old.shape)} and "
            f"{tuple(new.shape)}"
        )
    n_tokens = old.shape[-2]
    if not 0 <= changed < n_tokens:
        raise ValueError(f"changed must be a token from 0 to {n_tokens - 1}; got {changed}")
    differs = changed_cells(before, after, "context")
    is_signed = (old == new) & (old.signbit() != new.signbit())
    return (differs | is_signed)[..., :changed, :]
