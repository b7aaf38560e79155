"""Tensors that somebody brings along: the attention that they make, in the roles they have.

Which roles these are is guessed (``guesses``), and whoever brought them may correct it; then they
make an ordinary trace.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms.attention import Attention, weighing
from attention_core.mechanisms.projections import ROLES
from attention_core.operations import DivideByRoot, SafeSoftmax, Softmax, WeightedSum
from attention_core.outside.guesses import PROJECTIONS
from attention_core.outside.work import require_affordable
from attention_core.rounding import format_of
from attention_core.spread import spread_of
from attention_core.step import Step


def trace_of(
    given: Mapping[str, Tensor], *, is_causal: bool = False, is_scaled: bool = True
) -> Trace:
    r"""Return the attention that tensors in their roles make, as a trace.

    Queries and keys give scores, weights and, with values, context vectors; ``weights`` of the file
    are then held against those. Inputs with all three projections begin one step earlier, and
    inputs alone are query, key and value at once. Weights without queries are taken as they are.

    Args:
        given: By role: matrices, or with a head axis first. Fewer heads of keys and values are
            shared among those of the queries.
        is_causal: Whether nobody sees what comes later; a ``mask`` goes before it.
        is_scaled: Whether scores are divided by √d.

    Raises:
        ValueError: If shapes do not fit; it names the two. Or if the run would take more than
            2**25 numbers or 2**33 products, which is known before anything is computed.

    Example:
        >>> trace = trace_of({"queries": torch.eye(2), "keys": torch.eye(2)}, is_scaled=False)
        >>> trace["weights"]
        tensor([[0.7311, 0.2689],
                [0.2689, 0.7311]])

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1.
    """
    given = _in_one_dtype(given)
    if {"queries", "keys"} <= set(given):
        inputs = _queries_and_keys(given)
    elif {"inputs", *PROJECTIONS} <= set(given):
        inputs = {role: given[role] for role in ("inputs", *PROJECTIONS)}
        _require_projections(inputs)
    elif "weights" in given:
        return _mixture_of(given)
    elif "inputs" in given:
        inputs, is_scaled = {"inputs": given["inputs"]}, False
    else:
        return _affordable_run(Mechanism.of(given), given)
    return _attention_run(inputs, given, is_causal=is_causal, is_scaled=is_scaled)


def _in_one_dtype(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors in the widest of their dtypes."""
    floats = [tensor.dtype for tensor in given.values() if tensor.dtype != torch.bool]
    widest = floats[0] if floats else torch.float32
    for dtype in floats:
        widest = torch.promote_types(widest, dtype)
    return {
        role: tensor if tensor.dtype == torch.bool else tensor.to(widest)
        for role, tensor in given.items()
    }


def _queries_and_keys(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return queries, keys and values; with fewer heads than queries, as what heads share."""
    inputs = {role: given[role] for role in ROLES.values() if role in given}
    _require_fit(inputs)
    queries, keys = inputs["queries"], inputs["keys"]
    if queries.ndim == 3 and len(queries) > len(keys):
        return {role if role == "queries" else f"shared_{role}": inputs[role] for role in inputs}
    return inputs


def _attention_run(
    inputs: dict[str, Tensor], given: Mapping[str, Tensor], *, is_causal: bool, is_scaled: bool
) -> Trace:
    """Return the run from inputs to the context vectors, held against weights of the file."""
    mask = _mask_for(inputs, given, is_causal=is_causal)
    softmax = Softmax()
    if mask is not None:
        inputs = {**inputs, "mask": mask}
        softmax = Softmax() if bool(mask.any(dim=-1).all()) else SafeSoftmax()
    scaling = DivideByRoot if is_scaled else None
    attention = Attention(scaling=scaling, weighing=weighing(softmax))
    trace = _affordable_run(attention.mechanism(inputs), inputs)
    if "weights" not in given:
        return trace
    return trace.with_source(compared=[_weights_check(trace, given["weights"])])


def _mask_for(
    inputs: Mapping[str, Tensor], given: Mapping[str, Tensor], *, is_causal: bool
) -> Tensor | None:
    """Return which keys each query may see; None if all."""
    asking = inputs.get("queries", inputs.get("inputs"))
    asked = inputs.get("keys", inputs.get("shared_keys", asking))
    assert asking is not None
    assert asked is not None
    shape = (asking.shape[-2], asked.shape[-2])
    if "mask" in given:
        if tuple(given["mask"].shape) != shape:
            raise ValueError(
                f"the mask must have shape {shape}; it has {tuple(given['mask'].shape)}"
            )
        return given["mask"].bool()
    return torch.ones(shape, dtype=torch.bool).tril() if is_causal else None


def _mixture_of(given: Mapping[str, Tensor]) -> Trace:
    """Return the run of weights that are taken as they are."""
    inputs = {role: given[role] for role in ("weights", "values") if role in given}
    if "values" not in given:
        return _affordable_run(Mechanism.of(inputs), inputs)
    weights, values = given["weights"], given["values"]
    if weights.shape[:-2] != values.shape[:-2] or weights.shape[-1] != values.shape[-2]:
        raise ValueError(
            f"the weights {tuple(weights.shape)} mix as many values as they have columns; the "
            f"values are {tuple(values.shape)}"
        )
    context = Step("context", WeightedSum(), ("weights", "values"))
    return _affordable_run(Mechanism.of(inputs, [context]), inputs)


def _affordable_run(mechanism: Mechanism, inputs: Mapping[str, Tensor]) -> Trace:
    """Return a run that is not too much work; of a mechanism without steps, its inputs."""
    require_affordable(mechanism, inputs)
    plain = {name: tensor.contiguous() for name, tensor in inputs.items()}
    return mechanism.run(**plain) if mechanism.steps else Trace(mechanism, plain)


def _require_fit(given: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless queries, keys and values can meet."""
    shapes = {role: tuple(tensor.shape) for role, tensor in given.items()}
    queries, keys, values = (shapes.get(role) for role in ROLES.values())
    assert queries is not None
    assert keys is not None
    if queries[-1] != keys[-1]:
        raise ValueError(f"queries {queries} and keys {keys} must be equally wide")
    if len(queries) != len(keys) or (len(queries) == 3 and queries[0] % keys[0]):
        raise ValueError(f"the heads of queries {queries} and keys {keys} do not fit")
    if values is not None and values[:-1] != keys[:-1]:
        raise ValueError(f"there must be a value for each key; keys {keys}, values {values}")


def _require_projections(given: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless the trainable matrices fit the inputs, and queries the keys."""
    width = given["inputs"].shape[-1]
    for role in PROJECTIONS:
        if given[role].shape[0] != width:
            raise ValueError(
                f"{role} must have shape ({width}, d_out), as the inputs are "
                f"{tuple(given['inputs'].shape)}; it has {tuple(given[role].shape)}. nn.Linear "
                "keeps the transpose: save its .weight.T"
            )
    if given["w_query"].shape != given["w_key"].shape:
        raise ValueError("w_query and w_key must have the same shape")


def _weights_check(trace: Trace, weights: Tensor) -> Check:
    """Return how far the weights of the file are from those of its queries and keys."""
    ours = trace["weights"]
    if ours.shape != weights.shape:
        raise ValueError(
            f"queries and keys make weights {tuple(ours.shape)}; those of the file are "
            f"{tuple(weights.shape)}"
        )
    # Both were made somewhere, and those of the file then kept in its format.
    allowed = 2 * spread_of(trace, "weights")["weights"]
    allowed = allowed + format_of(weights.dtype).once(weights.double())
    return verdict("weights", "the weights in the file", distances(ours, weights), allowed)
