"""What an edit changed: the cells of two runs that are not equal to the last bit."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core.trace import Trace


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
