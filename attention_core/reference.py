"""Torch's own attention on the same numbers: a second route to a whole mechanism."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from attention_core.checks import Check
from attention_core.mechanism import Trace
from attention_core.mechanisms.projections import ROLES
from attention_core.spread import held_against, spread_of

TORCH_STEPS = {
    *("queries", "keys", "values", "projected_queries", "projected_keys", "scores", "scaled"),
    *("masked", "shares", "zeroed", "weights", "dropped", "context", "concatenated", "output"),
}
"""What torch's own attention does, too, in these steps or in others that come to the same."""


def compare_with_torch(trace: Trace) -> tuple[Check, ...]:
    """Return how far a run is from torch's own attention with the same weights.

    ``scaled_dot_product_attention`` gives the context vectors from the run's queries, keys and
    values; ``nn.MultiheadAttention`` the output from its inputs, where there are heads and an
    output as wide as they are. Rows whose weights or scores are no numbers are left out: of a row
    that may attend to nothing, torch's own attention makes 0.

    Torch has no additive attention. Its context vectors are computed anew from the inputs by
    ``nn.Linear``, ``nn.Tanh``, ``nn.Linear`` and ``nn.Softmax``.

    Args:
        trace: A run of a mechanism with queries, keys and values.

    Returns:
        One check for each of the two that can say anything. None of them can while weights are
        dropped: torch cannot be told which. Nor can it of numbers somebody put into a step, or of a
        mechanism that does something else besides.

    Example:
        >>> from attention_core import CAUSAL_SELF_ATTENTION
        >>> from attention_core.parameters import linear_parameters
        >>> trace = CAUSAL_SELF_ATTENTION.run(torch.eye(3), **linear_parameters(3, 2))
        >>> [(check.step, check.route, check.ok) for check in compare_with_torch(trace)]
        [('context', 'scaled_dot_product_attention', True)]
    """
    if "kept" in trace.inputs or trace.overridden.keys() - set(ROLES.values()):
        return ()
    if not TORCH_STEPS.issuperset(trace.steps):
        return ()
    # (n_queries,) or (n_heads, n_queries). Where scores overflow, others may scale them before.
    is_number = trace["weights"].isfinite().all(dim=-1) & trace["scores"].isfinite().all(dim=-1)
    with torch.no_grad():
        wanted = ("context", "output") if _is_of_module(trace) else ("context",)
        spread = spread_of(trace, *wanted)
        if "v" in trace.inputs:
            route = "nn.Linear, nn.Tanh, nn.Linear"
            checks = [_check_of_rows(trace, "context", by_layers(trace), is_number, spread, route)]
        else:
            route = "scaled_dot_product_attention"
            checks = [_check_of_rows(trace, "context", by_fused(trace), is_number, spread, route)]
        if _is_of_module(trace) and not trace.overridden:
            shown, route = is_number.all(dim=0), "nn.MultiheadAttention"
            # It projects by itself, and may keep less or more on the way than our steps do.
            off = 4 * spread["output"]
            checks.append(
                held_against("output", route, trace["output"], by_module(trace), off, shown)
            )
    return tuple(check for check in checks if check is not None)


def by_layers(trace: Trace) -> Tensor:
    """Return the context vectors of additive attention, its alignment model made of layers."""
    ask, be_asked, count = (
        _layer(weight) for weight in (trace["w_query"], trace["w_key"], trace["v"].T)
    )
    pairs = ask(trace["queries"]).unsqueeze(1) + be_asked(trace["keys"]).unsqueeze(0)
    energies = nn.Sequential(nn.Tanh(), count, nn.Flatten())(pairs)
    weights = nn.Softmax(dim=1)(energies)
    return torch.einsum("ij,jc->ic", weights, trace["values"])


def _layer(weight: Tensor) -> nn.Linear:
    """Return the layer without a bias that multiplies by (d_in, d_out); its seed is never drawn."""
    d_in, d_out = weight.shape
    layer = nn.Linear(d_in, d_out, bias=False, device="meta", dtype=weight.dtype)
    layer = layer.to_empty(device="cpu")
    layer.load_state_dict({"weight": weight.T})
    return layer


def by_fused(trace: Trace) -> Tensor:
    """Return the context vectors of ``scaled_dot_product_attention``.

    Its mask is ours: True = may attend. Where our scores are not scaled, nor are its.
    """
    queries, keys, values = (trace[name] for name in ROLES.values())
    scale = None if "scaled" in trace.steps else 1.0
    return functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=trace.inputs.get("mask"), scale=scale
    )


def by_module(trace: Trace) -> Tensor:
    """Return the output of ``nn.MultiheadAttention`` with the run's weights.

    Its mask is the opposite of ours: True = may *not* attend. It wants queries as wide as its
    output, so where ``d_in`` is not ``d_out`` it gets them projected and an identity for weights.
    """
    inputs, mask = trace["inputs"], trace["mask"]
    d_in, d_out = inputs.shape[1], trace["output"].shape[1]
    weights = {role: _joined_heads(trace[f"w_{role}"]) for role in ROLES}
    biases = {role: _bias(trace, role) for role in ROLES}
    asking = inputs
    if d_in != d_out:
        asking = _joined_heads(trace["queries"])
        weights["query"] = torch.eye(d_out, dtype=inputs.dtype)
        biases["query"] = torch.zeros(d_out, dtype=inputs.dtype)
    parts = [weights[role].T for role in ROLES]
    named = {f"{name}_proj_weight": part for name, part in zip("qkv", parts, strict=True)}
    if d_in == d_out:
        named = {"in_proj_weight": torch.cat(parts)}
    named["in_proj_bias"] = torch.cat([biases[role] for role in ROLES])
    named["out_proj.weight"] = trace["w_out"].T
    named["out_proj.bias"] = _bias(trace, "out")
    module = _module(d_out, len(trace["context"]), d_in, inputs.dtype)
    module.load_state_dict(named)
    with torch.no_grad():
        output: Tensor = module(asking, inputs, inputs, attn_mask=~mask, need_weights=False)[0]
    return output


def _module(d_out: int, n_heads: int, d_in: int, dtype: torch.dtype) -> nn.MultiheadAttention:
    """Return the module, its parameters not yet filled: to draw them would use the global seed."""
    module = nn.MultiheadAttention(d_out, n_heads, kdim=d_in, vdim=d_in, device="meta", dtype=dtype)
    return module.to_empty(device="cpu").eval()


def _is_of_module(trace: Trace) -> bool:
    """Return whether a run is one that ``nn.MultiheadAttention`` can do."""
    if "output" not in trace.steps or trace["context"].ndim != 3:
        return False
    d_out = trace["output"].shape[1]
    widths = [trace["concatenated"].shape[1], _joined_heads(trace["queries"]).shape[1]]
    return widths == [d_out, d_out]


def _joined_heads(tensor: Tensor) -> Tensor:
    """Return (n_heads, n_rows, d_head) as (n_rows, d_out), what has no heads as it is."""
    return tensor if tensor.ndim == 2 else tensor.transpose(0, 1).flatten(1)


def _bias(trace: Trace, role: str) -> Tensor:
    """Return the bias of a role as a vector, zeros where it has none."""
    if f"b_{role}" in trace.inputs:
        return trace[f"b_{role}"].flatten()
    return torch.zeros(_joined_heads(trace[f"w_{role}"]).shape[1], dtype=trace["inputs"].dtype)


def _check_of_rows(
    trace: Trace, step: str, theirs: Tensor, rows: Tensor, spread: Mapping[str, Tensor], route: str
) -> Check | None:
    """Return how far apart some rows of a step are, None if there are none."""
    # Theirs rounds elsewhere than ours does: each may be that far from the exact result.
    return held_against(step, route, trace[step], theirs, 2 * spread[step], rows)
