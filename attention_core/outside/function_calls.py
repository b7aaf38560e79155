"""What a call of ``scaled_dot_product_attention`` was made of: a trace for each batch item."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from attention_core.checks import Check
from attention_core.mechanism import Trace
from attention_core.outside.attention_calls import (
    Call,
    check_of,
    item_label,
    mask_to_add,
    require_plain,
    traces_of_items,
)
from attention_core.spread import spread_of

SDPA = "F.scaled_dot_product_attention"


def function_traces(
    output: Tensor,
    random_state: Tensor | None,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> list[Trace]:
    """Return one trace per batch item of a call of ``scaled_dot_product_attention``.

    With four axes and more, and with ``enable_gqa``, the third from the last counts heads and those
    before it batch items; three axes are (n_items, n_tokens, width).

    Args:
        output: What the call gave.
        random_state: Torch's before the call, where weights may have been dropped.
        query: As in the call, and so is what follows, (..., n_queries, d_k).
        key: (..., n_keys, d_k).
        value: (..., n_keys, d_value).
        attn_mask: Booleans, True = may attend, or numbers to add to the scores.
        dropout_p: The share of weights to drop.
        is_causal: Whether nobody sees what comes later.
        scale: What the scores are multiplied by, 1 / √d_k for None.
        enable_gqa: Whether query heads share the keys and values of fewer heads.

    Source:
        The documentation of ``torch.nn.functional.scaled_dot_product_attention``.
    """
    require_plain(query, key, value)
    in_heads = enable_gqa or query.ndim >= 4
    n_axes = 3 if in_heads else 2  # of a single item
    batch, heads = output.shape[:-n_axes], output.shape[-3:-2]
    dtype = output.dtype  # under autocast, what the call itself computes in
    query = _in_one_batch(query.to(dtype), batch, n_axes, heads)
    key, value = (
        _in_one_batch(t.to(dtype), batch, n_axes, t.shape[-3:-2] if enable_gqa else heads)
        for t in (key, value)
    )
    mask = None
    if attn_mask is not None:
        mask = mask_to_add(attn_mask, dtype, blocked=attn_mask.logical_not())
        mask = mask.reshape((1,) * (n_axes - mask.ndim) + mask.shape)
        wide = (*batch, *mask.shape[-n_axes:-2], query.shape[-2], key.shape[-2])
        mask = mask.expand(wide).reshape(-1, *wide[len(batch) :])
    flat = output.reshape(-1, *output.shape[-n_axes:])
    undefined = flat.isnan().any(-1)
    call = Call(
        query,
        key,
        value,
        mask,
        is_causal,
        scale,
        dropout_p,
        random_state,
        undefined.any(1) if in_heads else undefined,
    )
    traces = enumerate(traces_of_items(call))
    return [
        made.with_source(f"{SDPA}{item_label(item, len(flat))}", [_context_check(made, flat[item])])
        for item, made in traces
    ]


def _in_one_batch(
    tensor: Tensor, batch: Sequence[int], n_axes: int, heads: Sequence[int]
) -> Tensor:
    """Return an operand with one batch axis, and with heads where an item has three axes."""
    shape = (*(heads if n_axes == 3 else ()), *tensor.shape[-2:])
    return tensor.expand(*batch, *shape).reshape(-1, *shape)


def _context_check(made: Trace, real: Tensor) -> Check:
    """Return how far the context vectors are from what the function gave."""
    return check_of("context", SDPA, made["context"], real, spread_of(made, "context")["context"])
