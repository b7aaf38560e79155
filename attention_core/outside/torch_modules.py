"""Torch's own modules with attention: which have a fast path, and what a call of one gave."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from attention_core.checks import distances, verdict
from attention_core.mechanism import Trace
from attention_core.outside.module_calls import ModuleCall
from attention_core.rounding import format_of

LAYER_ROUNDINGS = 2048  # of its row's size: a layer adds up often, and divides by what may be small
ATTENTION, LAYER, STACK = (
    nn.MultiheadAttention,
    nn.TransformerEncoderLayer,
    nn.TransformerEncoder,
)
_MODULE_ARGUMENTS = inspect.signature(nn.MultiheadAttention.forward)


def kind_of(module: nn.Module) -> type[nn.Module] | None:
    """Return which of torch's fast modules a module is, if it runs that one's forward."""
    if "forward" in vars(module):
        return None
    for kind in (ATTENTION, LAYER, STACK):
        if isinstance(module, kind) and type(module).forward is kind.forward:
            return kind
    return None


def may_be_fast(module: nn.Module) -> bool:
    """Return whether a layer, or a stack of such, may take a path without its attention module.

    Only of torch's own, so that a second run of it does nothing that somebody else would notice.
    """
    if isinstance(module, STACK):
        layers = list(module.layers)
        return kind_of(module) is STACK and all(
            isinstance(layer, LAYER) and may_be_fast(layer) for layer in layers
        )
    if not isinstance(module, LAYER):
        return False
    return kind_of(module) is LAYER and kind_of(module.self_attn) is ATTENTION


def module_call(
    module: nn.MultiheadAttention,
    args: Any,
    kwargs: Any,
    output: Any,
    random_state: Tensor | None,
) -> ModuleCall:
    """Return a call of the module as one of the function behind it, which has tokens first."""
    bound = _MODULE_ARGUMENTS.bind(module, *args, **kwargs)
    bound.apply_defaults()
    given = dict(bound.arguments)
    result, weights = output
    if module.batch_first and given["query"].ndim == 3 and not given["query"].is_nested:
        for name in ("query", "key", "value"):
            given[name] = given[name].transpose(0, 1)
        result = result.transpose(0, 1)
    given |= {
        "num_heads": module.num_heads,
        "in_proj_weight": module.in_proj_weight,
        "in_proj_bias": module.in_proj_bias,
        "use_separate_proj_weight": module.in_proj_weight is None,
        "q_proj_weight": module.q_proj_weight,
        "k_proj_weight": module.k_proj_weight,
        "v_proj_weight": module.v_proj_weight,
        "bias_k": module.bias_k,
        "bias_v": module.bias_v,
        "add_zero_attn": module.add_zero_attn,
        "dropout_p": module.dropout,
        "training": module.training,
        "out_proj_weight": module.out_proj.weight,
        "out_proj_bias": module.out_proj.bias,
    }
    return ModuleCall(given, result, weights, random_state)


def compared_runs(
    traces: Sequence[Trace],
    module: nn.Module,
    args: Any,
    kwargs: Any,
    output: Tensor,
    again: Tensor,
) -> list[Trace]:
    """Return traces of a second run that also say how far its result is from the first's."""
    batch_first = all(m.batch_first for m in module.modules() if isinstance(m, ATTENTION))
    if output.ndim == 3 and not batch_first:
        output, again = output.transpose(0, 1), again.transpose(0, 1)
    elif output.ndim == 2:
        output, again = output.unsqueeze(0), again.unsqueeze(0)
    given = inspect.signature(type(module).forward).bind(module, *args, **kwargs).arguments
    padding = given.get("src_key_padding_mask")
    route, found = f"nn.{type(module).__name__}'s own output", []
    for position, trace in enumerate(traces):
        item = position % len(output)
        real, ours = output[item].double(), again[item].double()
        if padding is not None:  # torch leaves padding out, or makes it 0
            row = padding if padding.ndim == 1 else padding[item]
            real, ours = real[row == 0], ours[row == 0]
        # A whole layer adds up along each row, several times; its rows are as good as each other.
        size = ours.abs().nan_to_num(nan=0.0, posinf=0.0).amax(dim=-1, keepdim=True)
        allowed = LAYER_ROUNDINGS * format_of(again.dtype).unit * size
        check = verdict("context", route, distances(ours, real), allowed)
        found.append(trace.with_source(compared=(*trace.compared, check)))
    return found
