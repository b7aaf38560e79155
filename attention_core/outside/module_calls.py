"""What a call of ``nn.MultiheadAttention`` was made of: a trace for each item of its batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

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
from attention_core.rounding import format_of
from attention_core.spread import Spread

MHA = "nn.MultiheadAttention"


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
        queries, keys, values = _projected_heads(given, output.dtype)
        mask = _merged_masks(given, n_items, output.dtype, keys.shape[-2])
        hint = bool(given.get("is_causal")) and given.get("key_padding_mask") is None
        if hint and not given.get("need_weights", True):
            mask = None  # torch then goes by the hint alone
        call = Call(
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
        for item, made in enumerate(traces_of_items(call)):
            spread = Spread(made)
            checks = [_output_check(made, output[:, item], given, spread)]
            if weights is not None:
                checks.append(_weights_check(made, weights[item], spread))
            found.append(made.with_source(f"{MHA}{item_label(item, n_items)}", checks))
        return found


def _projected_heads(given: Mapping[str, Any], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
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


def _merged_masks(
    given: Mapping[str, Any], n_items: int, dtype: torch.dtype, n_keys: int
) -> Tensor | None:
    """Return both masks of a module as one to add, (n_items, n_heads or 1, n_queries, n_keys)."""
    merged = None
    mask, padding = given.get("attn_mask"), given.get("key_padding_mask")
    if mask is not None:
        merged = mask_to_add(mask, dtype, blocked=mask)
        heads = (
            given["num_heads"]
            if mask.ndim == 3 and len(mask) == n_items * given["num_heads"]
            else 1
        )
        merged = merged.view(-1, heads, *mask.shape[-2:])
    if padding is not None:
        row = mask_to_add(padding, dtype, blocked=padding).view(-1, 1, 1, padding.shape[-1])
        merged = row if merged is None else merged + row
    if merged is None:
        return None
    merged = functional.pad(merged, (0, n_keys - merged.shape[-1]))  # for tokens that torch added
    n_queries = given["query"].shape[0]
    return merged.expand(n_items, merged.shape[1], n_queries, n_keys)


def _output_check(made: Trace, real: Tensor, given: Mapping[str, Any], spread: Spread) -> Check:
    """Return how far the context vectors, mixed by the output weights, are from the real ones."""
    weight, bias = given["out_proj_weight"].detach(), given["out_proj_bias"]
    mixed = functional.linear(*_mixing_operands(made["context"], weight, bias))
    sizes = [each.double().abs() for each in _mixing_operands(made["context"], weight, bias)]
    kind, exact = format_of(real.dtype), mixed.double()
    rounding = kind.of_sum(exact, functional.linear(*sizes), weight.shape[-1]) + kind.once(exact)
    off = spread.of(
        lambda values: functional.linear(*_mixing_operands(values["context"], weight, bias)),
        rounding,
    )
    return check_of("context", f"{MHA}'s own output", mixed, real, off)


def _mixing_operands(context: Tensor, weight: Tensor, bias: Tensor | None) -> list[Tensor]:
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
    return check_of(step, f"the weights {MHA} returned", ours, real, off)
