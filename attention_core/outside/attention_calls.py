"""What a call of torch's own attention was made of: a trace for each item of its batch.

Torch gives back what attention makes, not what it is made of. So every step is computed again from
the very queries, keys and values of the call, and held against what the call really gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention, weighing
from attention_core.operations import MultiplyBy, SafeSoftmax, Softmax

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Call:
    """One call, every tensor with one batch axis first and then, perhaps, one of heads."""

    queries: Tensor  # (n_items, [n_heads,] n_queries, d_k)
    keys: Tensor  # (n_items, [n_shared,] n_keys, d_k)
    values: Tensor  # (n_items, [n_shared,] n_keys, d_value)
    mask: Tensor | None  # to add to scores: (n_items, [n_heads or 1,] n_queries, n_keys)
    causal: bool
    scale: float | None
    rate: float
    random_state: Tensor | None  # torch's, as the weights were about to be dropped
    undefined: Tensor  # (n_items, n_queries): which rows of the real output are not a number

    @property
    def in_heads(self) -> bool:
        """Whether there is an axis of heads."""
        return self.queries.ndim == 4


def mask_to_add(mask: Tensor, dtype: torch.dtype, *, blocked: Tensor) -> Tensor:
    """Return a mask as numbers to add to the scores: −∞ where nobody may attend."""
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(blocked, -torch.inf)


def traces_of_items(call: Call) -> Iterator[Trace]:
    """Yield one trace for each batch item of a watched attention call."""
    if not (call.queries.numel() and call.keys.numel() and call.values.numel()):
        return  # of nothing there is nothing to show
    given = _inputs_of(call)
    mechanism = _attention_of(call, given).mechanism(
        {name: each[0] for name, each in given.items()}
    )
    for item in range(len(call.queries)):
        inputs = {name: _item_of(tensor, item) for name, tensor in given.items()}
        yield Trace(mechanism, mechanism.computed(inputs))


def _item_of(tensor: Tensor, item: int) -> Tensor:
    """Return a copy of one item of a batch."""
    return tensor[item].detach().clone(memory_format=torch.contiguous_format)


def _inputs_of(call: Call) -> Tensors:
    """Return the inputs of the mechanism, each with a batch axis first."""
    times = _heads_per_key(call)
    shared = "shared_" if times > 1 else ""
    found = {"queries": call.queries, f"{shared}keys": call.keys, f"{shared}values": call.values}
    n_items, (n_queries, n_keys) = len(call.queries), (call.queries.shape[-2], call.keys.shape[-2])
    device = call.queries.device
    if call.causal:
        mask = torch.ones(n_queries, n_keys, dtype=torch.bool, device=device).tril()
        found["mask"] = mask.expand(n_items, n_queries, n_keys)
    elif call.mask is not None:
        mask = call.mask[:, 0] if call.in_heads and call.mask.shape[1] == 1 else call.mask
        hidden = mask == -torch.inf
        added = mask.masked_fill(hidden, 0.0)
        if bool((added != 0).any()):
            found["added_scores"] = added
        if bool(hidden.any()):
            found["mask"] = ~hidden
    if call.rate:
        heads = call.queries.shape[1:2] if call.in_heads else ()
        shape = (n_items, *heads, n_queries, n_keys)
        found["kept"] = _kept_weights(shape, call.rate, call.random_state, call.queries)
    return found


def _heads_per_key(call: Call) -> int:
    """Return how many query heads share the keys of one."""
    return call.queries.shape[1] // call.keys.shape[1] if call.in_heads else 1


def _kept_weights(
    shape: Sequence[int], rate: float, random_state: Tensor | None, like: Tensor
) -> Tensor:
    """Return which weights a call kept, by drawing again from the state it drew from."""
    with torch.random.fork_rng(devices=[]):
        if random_state is not None:
            torch.set_rng_state(random_state)
        drawn = functional.dropout(torch.ones(shape, dtype=like.dtype), rate, training=True)
    return (drawn != 0).to(like.device)


def _blank_queries(given: Tensors, call: Call) -> Tensor:
    """Return which queries may attend to nothing, in some head, (n_items, n_queries)."""
    if "mask" not in given:
        return torch.zeros_like(call.undefined)
    blank = ~given["mask"].any(-1)
    return blank.any(1) if blank.ndim == 3 else blank


def _attention_of(call: Call, given: Tensors) -> Attention:
    """Return how a call attends, from what is given to ``context``."""
    blank = _blank_queries(given, call)
    is_safe = bool(blank.any()) and not bool((call.undefined & blank).any())
    softmax = SafeSoftmax() if is_safe else Softmax()
    rate = call.rate or None
    if call.scale is None:
        return Attention(weighing=weighing(softmax), dropout=rate)
    scaling = MultiplyBy(float(call.scale))
    return Attention(scaling=lambda _: scaling, weighing=weighing(softmax), dropout=rate)


def item_label(item: int, n_items: int) -> str:
    """Return which item of its batch a trace is of, for its source; empty where there is one."""
    return f", batch item {item} of {n_items}" if n_items > 1 else ""


def check_of(step: str, route: str, ours: Tensor, real: Tensor, off: Tensor) -> Check:
    """Return the check of our result against the real one, when each may be so far off."""
    return verdict(step, route, distances(ours, real), 2 * off)


def require_plain(*tensors: Tensor) -> None:
    """Raise ValueError for nested tensors and for those without numbers (meta)."""
    for tensor in tensors:
        if tensor.is_nested or tensor.is_meta:
            what = "a nested tensor" if tensor.is_nested else "a tensor without numbers (meta)"
            raise ValueError(
                f"watch looks into plain tensors; got {what}. Pass padded sequences and a "
                "key_padding_mask, or take this call out of the watched part"
            )
