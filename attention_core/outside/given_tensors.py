"""Tensors that somebody brings along: what each can be, the attention they make, what holds of it.

A model elsewhere made them. So nothing is known but names, shapes and numbers; from these follow
guesses, which whoever brought them may correct, and then an ordinary trace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms.attention import Attention, weighing
from attention_core.operations import DivideByRoot, SafeSoftmax, Softmax, WeightedSum
from attention_core.outside.claims import MAX_TOKENS, TensorFileError
from attention_core.outside.work import require_affordable
from attention_core.rounding import format_of
from attention_core.spread import spread_of
from attention_core.step import Step
from attention_core.tensors import FLOATS

ROLES = (
    *("queries", "keys", "values", "weights", "inputs"),
    *("w_query", "w_key", "w_value", "mask"),
)
PROJECTIONS = ("w_query", "w_key", "w_value")
ROUNDED = 0.01  # a row may be so far from 1 if its numbers were rounded to two decimals
MAX_WHOLE = 2**23  # whole numbers of a tensor: as floats they take more memory than in the file
_EXACT = 2**24  # whole numbers up to here are exact in float32

_LETTERS = {
    "q": "query",
    "query": "query",
    "queries": "query",
    "wq": "query",
    "k": "key",
    "key": "key",
    "keys": "key",
    "wk": "key",
    "v": "value",
    "value": "value",
    "values": "value",
    "wv": "value",
}
_PLURAL = {"query": "queries", "key": "keys", "value": "values"}
_OF_WEIGHTS = {"w", "wq", "wk", "wv", "proj", "weight", "kernel"}
_OF_ATTENTION = {"attn", "attention", "attentions", "weights", "probs", "alpha", "pattern"}
_OF_INPUTS = {"x", "input", "inputs", "embedding", "embeddings", "emb", "hidden", "resid"}


def cleaned(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor of a file as attention can use it: finite floats, or booleans.

    Whole numbers become floats. Numbers that are all 0 or −∞ are a mask to be added to scores: they
    become booleans, True = may attend.

    Args:
        name: What it is called, for messages.
        tensor: Of any shape and of a dtype that ``tensor_files.read`` gives.

    Raises:
        TensorFileError: If a number is not finite; it names the first.

    Example:
        >>> cleaned("mask", torch.tensor([[0.0, -torch.inf], [0.0, 0.0]]))
        tensor([[ True, False],
                [ True,  True]])
    """
    if tensor.dtype == torch.bool:
        return tensor
    if tensor.dtype not in FLOATS:
        return _as_floats(name, tensor)
    if bool(torch.isfinite(tensor).all()):
        return tensor
    if bool((tensor.isneginf() | (tensor == 0)).all()):
        return tensor == 0
    cell = tuple((~torch.isfinite(tensor)).nonzero()[0].tolist())
    raise TensorFileError(
        f"{name or 'its array'} has {float(tensor[cell])} at {cell}; every number must be finite"
    )


def _as_floats(name: str, tensor: Tensor) -> Tensor:
    """Return whole numbers as floats that hold them, as far as there are any."""
    if tensor.numel() > MAX_WHOLE:
        raise TensorFileError(
            f"{name or 'its array'} has {tensor.numel():,} whole numbers; up to {MAX_WHOLE:,} are "
            "read. Save them as float16"
        )
    if tensor.dtype.itemsize <= 2:
        return tensor.to(torch.float32)
    is_exact = int(tensor.min()) >= -_EXACT and int(tensor.max()) <= _EXACT
    return tensor.to(torch.float32 if is_exact else torch.float64)


def possible_roles(tensor: Tensor) -> tuple[str, ...]:
    """Return what a tensor can be by its shape; nothing if it can be no part of attention.

    Example:
        >>> possible_roles(torch.ones(12, 5, 5))
        ('queries', 'keys', 'values', 'weights', 'inputs')
        >>> possible_roles(torch.ones(513, 8))
        ('w_query', 'w_key', 'w_value')
    """
    if not 2 <= tensor.ndim <= 4 or not tensor.numel() or max(tensor.shape[:-2], default=1) > 512:
        return ()
    rows, columns = tensor.shape[-2:]
    if tensor.dtype == torch.bool:
        fits = tensor.ndim == 2 and max(rows, columns) <= MAX_TOKENS
        return ("mask",) if fits else ()
    found: list[str] = []
    if rows <= MAX_TOKENS:
        found += _PLURAL.values()
        found += ["weights"] if columns <= MAX_TOKENS else []
        found += ["inputs"] if tensor.ndim <= 3 else []
    found += PROJECTIONS if tensor.ndim == 2 else ()
    return tuple(found)


def guesses(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Return which tensor has which role, by their names and, for lack of these, by their shapes.

    Args:
        tensors: By name, as ``cleaned`` returns them.

    Returns:
        Names by role. Each tensor has one role at most, and each role one tensor.

    Example:
        >>> guesses({"q": torch.ones(4, 2), "k": torch.ones(4, 2), "attn_probs": torch.eye(4)})
        {'queries': 'q', 'keys': 'k', 'weights': 'attn_probs'}
        >>> guesses({"": torch.eye(4)})
        {'weights': ''}
    """
    found: dict[str, str] = {}
    for name, tensor in tensors.items():
        role = _named(name, tensor)
        if role and role not in found:
            found[role] = name
    if not set(found) - {"mask", *PROJECTIONS}:
        for name, tensor in tensors.items():
            role = _shaped(tensor)
            if role and name not in found.values():
                return {**found, role: name}
    return {role: found[role] for role in ROLES if role in found}


def _named(name: str, tensor: Tensor) -> str:
    """Return the role that a name says, if the shape allows it."""
    words = set(re.findall("[a-z]+", name.lower()))
    letters = [_LETTERS[word] for word in sorted(words) if word in _LETTERS]
    if "mask" in words:
        role = "mask"
    elif letters:
        role = f"w_{letters[0]}" if words & _OF_WEIGHTS else _PLURAL[letters[0]]
    elif words & _OF_ATTENTION:
        role = "weights"
    else:
        role = "inputs" if words & _OF_INPUTS else ""
    return role if role in possible_roles(tensor) else ""


def _shaped(tensor: Tensor) -> str:
    """Return the likeliest role of a tensor whose name says nothing."""
    roles = possible_roles(tensor)
    if "weights" in roles and (_are_shares(tensor) or _is_stack_of_squares(tensor)):
        return "weights"
    return next((role for role in ("inputs", "values") if role in roles), "")


def _are_shares(tensor: Tensor) -> bool:
    """Return whether each row could be shares of attention."""
    off = (tensor.sum(dim=-1, dtype=torch.float64) - 1).abs().max()
    return float(tensor.min()) >= 0 and float(off) <= ROUNDED


def _is_stack_of_squares(tensor: Tensor) -> bool:
    return tensor.ndim > 2 and tensor.shape[-1] == tensor.shape[-2]


# ---- The run -----------------------------------------------------------------------------------


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
    given = _of_one_dtype(given)
    if {"queries", "keys"} <= set(given):
        inputs = _of_queries(given)
    elif {"inputs", *PROJECTIONS} <= set(given):
        inputs = {role: given[role] for role in ("inputs", *PROJECTIONS)}
        _require_projections(inputs)
    elif "weights" in given:
        return _of_weights(given)
    elif "inputs" in given:
        inputs, is_scaled = {"inputs": given["inputs"]}, False
    else:
        return _ran(_unrun(given), given)
    return _attended(inputs, given, is_causal=is_causal, is_scaled=is_scaled)


def _of_one_dtype(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors in the widest of their dtypes."""
    floats = [tensor.dtype for tensor in given.values() if tensor.dtype != torch.bool]
    widest = floats[0] if floats else torch.float32
    for dtype in floats:
        widest = torch.promote_types(widest, dtype)
    return {
        role: tensor if tensor.dtype == torch.bool else tensor.to(widest)
        for role, tensor in given.items()
    }


def _of_queries(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return queries, keys and values; with fewer heads than queries, as what heads share."""
    inputs = {role: given[role] for role in _PLURAL.values() if role in given}
    _require_fit(inputs)
    queries, keys = inputs["queries"], inputs["keys"]
    if queries.ndim == 3 and len(queries) > len(keys):
        return {role if role == "queries" else f"shared_{role}": inputs[role] for role in inputs}
    return inputs


def _attended(
    inputs: dict[str, Tensor], given: Mapping[str, Tensor], *, is_causal: bool, is_scaled: bool
) -> Trace:
    """Return the run from inputs to the context vectors, held against weights of the file."""
    mask = _mask_of(inputs, given, is_causal=is_causal)
    softmax = Softmax()
    if mask is not None:
        inputs = {**inputs, "mask": mask}
        softmax = Softmax() if bool(mask.any(dim=-1).all()) else SafeSoftmax()
    scaling = DivideByRoot if is_scaled else None
    attention = Attention(scaling=scaling, weighing=weighing(softmax))
    trace = _ran(attention.mechanism(inputs), inputs)
    if "weights" not in given:
        return trace
    tensors = {name: trace[name] for name in trace.names}
    return Trace(trace.mechanism, tensors, compared=[_compared(trace, given["weights"])])


def _mask_of(
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


def _of_weights(given: Mapping[str, Tensor]) -> Trace:
    """Return the run of weights that are taken as they are."""
    inputs = {role: given[role] for role in ("weights", "values") if role in given}
    if "values" not in given:
        return _ran(_unrun(inputs), inputs)
    weights, values = given["weights"], given["values"]
    if weights.shape[:-2] != values.shape[:-2] or weights.shape[-1] != values.shape[-2]:
        raise ValueError(
            f"the weights {tuple(weights.shape)} mix as many values as they have columns; the "
            f"values are {tuple(values.shape)}"
        )
    context = Step("context", WeightedSum(), ("weights", "values"))
    return _ran(replace(_unrun(inputs), steps=(context,)), inputs)


def _unrun(inputs: Mapping[str, Tensor]) -> Mechanism:
    """Return the mechanism of inputs that nothing is made of."""
    masks = tuple(name for name, tensor in inputs.items() if tensor.dtype == torch.bool)
    per_head = tuple(name for name, tensor in inputs.items() if tensor.ndim == 3)
    return Mechanism(tuple(inputs), (), masks, per_head)


def _ran(mechanism: Mechanism, inputs: Mapping[str, Tensor]) -> Trace:
    """Return a run that is not too much work; of a mechanism without steps, its inputs."""
    require_affordable(mechanism, inputs)
    plain = {name: tensor.contiguous() for name, tensor in inputs.items()}
    return mechanism.run(**plain) if mechanism.steps else Trace(mechanism, plain)


def _require_fit(given: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless queries, keys and values can meet."""
    shapes = {role: tuple(tensor.shape) for role, tensor in given.items()}
    queries, keys, values = (shapes.get(role) for role in _PLURAL.values())
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


def _compared(trace: Trace, weights: Tensor) -> Check:
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


# ---- What holds --------------------------------------------------------------------------------


class Fact(NamedTuple):
    """Something that was looked at in weights.

    Attributes:
        name: ``"shares"``, ``"sums"`` or ``"causal"``.
        holds: Whether it holds; None for nearly, as of rounded numbers.
        worst: By how much it does not.
        cell: Where, one index per axis; empty where it holds.
    """

    name: str
    holds: bool | None
    worst: float
    cell: tuple[int, ...]


def facts(weights: Tensor) -> tuple[Fact, ...]:
    """Return what holds of attention weights, whoever made them: of all layers and heads.

    Whether each is within 0..1, whether each row sums to 1, and whether no query sees a later key.

    Args:
        weights: (..., n_queries, n_keys), finite.

    Example:
        >>> [(fact.name, fact.holds) for fact in facts(torch.tensor([[1.0, 0.0], [0.5, 0.6]]))]
        [('shares', True), ('sums', False), ('causal', True)]
    """
    kind, n_keys = format_of(weights.dtype), weights.shape[-1]
    outside = torch.maximum(-weights, weights - 1).clamp(min=0).double()
    off = (weights.sum(dim=-1, dtype=torch.float64) - 1).abs()
    later = weights.triu(diagonal=1).abs()
    # Each weight is rounded when it is kept, and so was the sum that it was divided by.
    in_sum = 2 * kind.unit + (n_keys + 8) * kind.unit_in_sums + n_keys * kind.step
    sums = _fact("sums", off, in_sum)
    if not sums.holds and sums.worst <= ROUNDED:
        sums = sums._replace(holds=None)
    return _fact("shares", outside, 2 * kind.unit), sums, _fact("causal", later, 0.0)


def _fact(name: str, excess: Tensor, allowed: float) -> Fact:
    worst = float(excess.max())
    if worst <= allowed:
        return Fact(name, True, worst, ())
    flat = int(excess.argmax())
    cell: list[int] = []
    for size in reversed(excess.shape):
        flat, at = divmod(flat, size)
        cell.insert(0, at)
    return Fact(name, False, worst, tuple(cell))
