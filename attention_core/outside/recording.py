"""What a module of one's own may record, and the traces it becomes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from attention_core.mechanism import Mechanism, Trace
from attention_core.outside.attention_calls import item_label
from attention_core.tensors import FLOATS


def require_recordable(name: str, tensor: object) -> None:
    """Raise ValueError if a trace cannot have such a value."""
    expected = (
        f"record({name!r}, …) expects floats or booleans of shape (n_rows, n_columns), (n_items, "
        "n_rows, n_columns) or (n_items, n_heads, n_rows, n_columns)"
    )
    if not isinstance(name, str) or not name:
        raise ValueError(f"record expects a name, such as 'weights'; got {name!r}")
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{expected}; got {type(tensor).__name__}")
    if tensor.dtype not in (*FLOATS, torch.bool):
        raise ValueError(f"{expected}; got dtype {tensor.dtype}")
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_meta:
        raise ValueError(f"{expected}; got layout {tensor.layout} on {tensor.device}")
    if tensor.ndim not in (2, 3, 4) or tensor.numel() == 0:
        raise ValueError(f"{expected}; got shape {tuple(tensor.shape)}")


def require_same_items(group: Mapping[str, Tensor], name: str, tensor: Tensor) -> None:
    """Raise ValueError if a tensor has other batch items than one before it."""
    for other, known in group.items():
        if tensor.ndim > 2 and known.ndim > 2 and len(known) != len(tensor):
            raise ValueError(
                f"record({name!r}, …) must have as many batch items as {other!r}, which has "
                f"{len(known)}; got shape {tuple(tensor.shape)}"
            )


def recorded_traces(group: Mapping[str, Tensor], source: str) -> list[Trace]:
    """Return a trace for each batch item of what a call recorded.

    Args:
        group: The tensors by name, with as many batch items or none.
        source: What recorded them.

    Example:
        >>> group = {"weights": torch.ones(3, 5, 5), "bias": torch.ones(1, 5)}
        >>> traces = recorded_traces(group, "recorded")
        >>> len(traces), traces[1]["weights"].shape, traces[1].source
        (3, torch.Size([5, 5]), 'recorded, batch item 1 of 3')
    """
    n_items = next((len(tensor) for tensor in group.values() if tensor.ndim > 2), 1)
    found = []
    for item in range(n_items):
        tensors = {n: t[item].clone() if t.ndim > 2 else t for n, t in group.items()}
        found.append(
            Trace(Mechanism.of(tensors), tensors, source=f"{source}{item_label(item, n_items)}")
        )
    return found
