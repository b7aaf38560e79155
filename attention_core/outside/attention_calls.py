"""What a call of torch's own attention was made of: a trace for each item of its batch.

Torch gives back what attention makes, not what it is made of. So every step is computed again from
the very queries, keys and values of the call, and held against what the call really gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Trace
from attention_core.mechanisms.attention import Attention, weighing
from attention_core.operations import MultiplyBy, SafeSoftmax, Softmax
from attention_core.rounding import format_of
from attention_core.spread import Spread, spread_of

SDPA = "F.scaled_dot_product_attention"
MHA = "nn.MultiheadAttention"
Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class _Call:
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
        return self.queries.ndim == 4


def of_function(
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
    own = 3 if in_heads else 2  # axes of a single item
    batch = output.shape[:-own]
    dtype = output.dtype  # under autocast, what the call itself computes in
    query = _items(query.to(dtype), batch, own, output.shape[-3:-2])
    key, value = (
        _items(t.to(dtype), batch, own, t.shape[-3:-2] if enable_gqa else output.shape[-3:-2])
        for t in (key, value)
    )
    mask = None
    if attn_mask is not None:
        mask = _to_add(attn_mask, dtype, blocked=attn_mask.logical_not())
        mask = mask.reshape((1,) * (own - mask.ndim) + mask.shape) if mask.ndim < own else mask
        wide = (*batch, *mask.shape[-own:-2], query.shape[-2], key.shape[-2])
        mask = mask.expand(wide).reshape(-1, *wide[len(batch) :])
    flat = output.reshape(-1, *output.shape[-own:])
    undefined = flat.isnan().any(-1)
    call = _Call(
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
    return [
        _trace(made, f"{SDPA}{_item(item, len(flat))}", [_context_check(made, flat[item])])
        for item, made in enumerate(_made(call))
    ]


def _items(tensor: Tensor, batch: Sequence[int], own: int, heads: Sequence[int]) -> Tensor:
    """Return an operand with one batch axis, and with heads where an item has three axes."""
    shape = (*(heads if own == 3 else ()), *tensor.shape[-2:])
    return tensor.expand(*batch, *shape).reshape(-1, *shape)


@dataclass(frozen=True, slots=True)
class ModuleCall:
    """One call of ``nn.MultiheadAttention``, or of the function behind it: tokens come first.

    Args:
        given: The arguments of ``torch.nn.functional.multi_head_attention_forward`` by name.
        output: What the call gave, (n_queries, n_items, width), without items if unbatched.
        weights: What else it gave, None without ``need_weights``.
        random_state: Torch's before the call.
    """

    given: Mapping[str, Any]
    output: Tensor
    weights: Tensor | None
    random_state: Tensor | None

    def traces(self) -> list[Trace]:
        """Return one trace per batch item."""
        given = self.given
        require_plain(given["query"], given["key"], given["value"])
        batched = given["query"].ndim == 3
        output = self.output if batched else self.output.unsqueeze(1)
        weights = self.weights
        if weights is not None and not batched:
            weights = weights.unsqueeze(0)
        n_items = output.shape[1]
        queries, keys, values = _projected(given, output.dtype)
        mask = _merged(given, n_items, output.dtype, keys.shape[-2])
        hint = bool(given.get("is_causal")) and given.get("key_padding_mask") is None
        if hint and not given.get("need_weights", True):
            mask = None  # torch then goes by the hint alone
        call = _Call(
            queries,
            keys,
            values,
            mask,
            hint and mask is None,
            None,
            given["dropout_p"] if given.get("training", True) else 0.0,
            self.random_state,
            output.isnan().any(-1).mT,
        )
        found = []
        for item, made in enumerate(_made(call)):
            spread = Spread(made)
            checks = [_output_check(made, output[:, item], given, spread)]
            if weights is not None:
                checks.append(_weights_check(made, weights[item], spread))
            found.append(_trace(made, f"{MHA}{_item(item, n_items)}", checks))
        return found


def _projected(given: Mapping[str, Any], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values as they meet, (n_items, n_heads, n_tokens, d_head)."""
    names = ("query", "key", "value")
    biases = [None] * 3 if given["in_proj_bias"] is None else given["in_proj_bias"].chunk(3)
    if given.get("use_separate_proj_weight"):
        weights = [given[f"{name[0]}_proj_weight"] for name in names]
    else:
        weights = given["in_proj_weight"].chunk(3)
    heads = given["num_heads"]
    found = []
    for name, weight, bias in zip(names, weights, biases, strict=True):
        tensor = given[name] if given[name].ndim == 3 else given[name].unsqueeze(1)
        bias = None if bias is None else bias.to(dtype)
        projected = functional.linear(tensor.to(dtype), weight.to(dtype), bias)
        added = given.get(f"bias_{name[0]}") if name != "query" else None
        if added is not None:  # one more token that everybody may attend to
            projected = torch.cat([projected, added.to(dtype).expand(1, tensor.shape[1], -1)])
        n_tokens, n_items, width = projected.shape
        split = projected.view(n_tokens, n_items, heads, width // heads).permute(1, 2, 0, 3)
        static = given.get(f"static_{name[0]}") if name != "query" else None
        if static is not None:
            split = static.to(dtype).view(n_items, heads, *static.shape[1:])
        if name != "query" and given.get("add_zero_attn"):
            split = functional.pad(split, (0, 0, 0, 1))
        found.append(split)
    queries, keys, values = found
    return queries, keys, values


def _merged(
    given: Mapping[str, Any], n_items: int, dtype: torch.dtype, n_keys: int
) -> Tensor | None:
    """Return both masks of a module as one to add, (n_items, n_heads or 1, n_queries, n_keys)."""
    merged = None
    mask, padding = given.get("attn_mask"), given.get("key_padding_mask")
    if mask is not None:
        merged = _to_add(mask, dtype, blocked=mask)
        heads = (
            given["num_heads"]
            if mask.ndim == 3 and len(mask) == n_items * given["num_heads"]
            else 1
        )
        merged = merged.view(-1, heads, *mask.shape[-2:])
    if padding is not None:
        row = _to_add(padding, dtype, blocked=padding).view(-1, 1, 1, padding.shape[-1])
        merged = row if merged is None else merged + row
    if merged is None:
        return None
    merged = functional.pad(merged, (0, n_keys - merged.shape[-1]))  # for tokens that torch added
    n_queries = given["query"].shape[0]
    return merged.expand(n_items, merged.shape[1], n_queries, n_keys)


def _to_add(mask: Tensor, dtype: torch.dtype, *, blocked: Tensor) -> Tensor:
    """Return a mask as numbers to add to the scores: −∞ where nobody may attend."""
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(blocked, -torch.inf)


def _made(call: _Call) -> Iterator[Trace]:
    """Yield the steps of each item of a call, all of one mechanism."""
    if not (call.queries.numel() and call.keys.numel() and call.values.numel()):
        return  # of nothing there is nothing to show
    given = _inputs(call)
    mechanism = _attention(call, given).mechanism({name: each[0] for name, each in given.items()})
    for item in range(len(call.queries)):
        inputs = {name: _of_item(tensor, item) for name, tensor in given.items()}
        yield Trace(mechanism, mechanism.computed(inputs))


def _of_item(tensor: Tensor, item: int) -> Tensor:
    return tensor[item].detach().clone(memory_format=torch.contiguous_format)


def _inputs(call: _Call) -> Tensors:
    """Return the inputs of the mechanism, each with a batch axis first."""
    times = _times(call)
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
        found["kept"] = _kept(shape, call.rate, call.random_state, call.queries)
    return found


def _times(call: _Call) -> int:
    """Return how many query heads share the keys of one."""
    return call.queries.shape[1] // call.keys.shape[1] if call.in_heads else 1


def _kept(shape: Sequence[int], rate: float, random_state: Tensor | None, like: Tensor) -> Tensor:
    """Return which weights a call kept, by drawing again from the state it drew from."""
    with torch.random.fork_rng(devices=[]):
        if random_state is not None:
            torch.set_rng_state(random_state)
        drawn = functional.dropout(torch.ones(shape, dtype=like.dtype), rate, training=True)
    return (drawn != 0).to(like.device)


def _blank(given: Tensors, call: _Call) -> Tensor:
    """Return which queries may attend to nothing, in some head, (n_items, n_queries)."""
    if "mask" not in given:
        return torch.zeros_like(call.undefined)
    blank = ~given["mask"].any(-1)
    return blank.any(1) if blank.ndim == 3 else blank


def _attention(call: _Call, given: Tensors) -> Attention:
    """Return how a call attends, from what is given to ``context``."""
    blank = _blank(given, call)
    is_safe = bool(blank.any()) and not bool((call.undefined & blank).any())
    softmax = SafeSoftmax() if is_safe else Softmax()
    rate = call.rate or None
    if call.scale is None:
        return Attention(weighing=weighing(softmax), dropout=rate)
    scaling = MultiplyBy(float(call.scale))
    return Attention(scaling=lambda _: scaling, weighing=weighing(softmax), dropout=rate)


def _trace(made: Trace, source: str, compared: Sequence[Check]) -> Trace:
    tensors = {name: made[name] for name in made.names}
    return Trace(made.mechanism, tensors, source=source, compared=compared)


def _item(item: int, n_items: int) -> str:
    return f", batch item {item} of {n_items}" if n_items > 1 else ""


def _context_check(made: Trace, real: Tensor) -> Check:
    """Return how far the context vectors are from what the function gave."""
    return _held("context", SDPA, made["context"], real, spread_of(made, "context")["context"])


def _output_check(made: Trace, real: Tensor, given: Mapping[str, Any], spread: Spread) -> Check:
    """Return how far the context vectors, mixed by the output weights, are from the real ones."""
    weight, bias = given["out_proj_weight"].detach(), given["out_proj_bias"]
    mixed = functional.linear(*_mixing(made["context"], weight, bias))
    sizes = [each.double().abs() for each in _mixing(made["context"], weight, bias)]
    kind, exact = format_of(real.dtype), mixed.double()
    rounding = kind.of_sum(exact, functional.linear(*sizes), weight.shape[-1]) + kind.once(exact)
    off = spread.of(
        lambda values: functional.linear(*_mixing(values["context"], weight, bias)), rounding
    )
    return _held("context", f"{MHA}'s own output", mixed, real, off)


def _mixing(context: Tensor, weight: Tensor, bias: Tensor | None) -> list[Tensor]:
    """Return the heads' context vectors side by side, and what mixes them, in one format."""
    joined = context.transpose(0, 1).flatten(1)
    parts = [weight] if bias is None else [weight, bias.detach()]
    return [joined, *(part.to(joined.dtype) for part in parts)]


def _weights_check(made: Trace, real: Tensor, spread: Spread) -> Check:
    """Return how far the weights are from those that the module returned."""
    step = "dropped" if "dropped" in made.names else "weights"
    ours, off = made[step], spread[step]
    if real.ndim == 2:  # their mean over the heads
        ours, off = ours.mean(0), off.mean(0) + format_of(real.dtype).once(ours.double().mean(0))
    return _held(step, f"the weights {MHA} returned", ours, real, off)


def _held(step: str, route: str, ours: Tensor, real: Tensor, off: Tensor) -> Check:
    """Return how far apart two results are that may each be so far off."""
    return verdict(step, route, distances(ours, real), 2 * off)


def require_plain(*tensors: Tensor) -> None:
    """Raise ValueError for tensors that cannot be looked into."""
    for tensor in tensors:
        if tensor.is_nested or tensor.is_meta:
            what = "a nested tensor" if tensor.is_nested else "a tensor without numbers (meta)"
            raise ValueError(
                f"watch looks into plain tensors; got {what}. Pass padded sequences and a "
                "key_padding_mask, or take this call out of the watched part"
            )
