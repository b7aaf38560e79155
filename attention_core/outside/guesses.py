"""What each tensor of a file can be in attention, and what it likely is, by its name and its shape.

A model elsewhere made it. So nothing is known but names, shapes and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from attention_core.mechanisms.projections import ROLES
from attention_core.outside.claims import MAX_TOKENS, TensorFileError
from attention_core.outside.facts import ROUNDED
from attention_core.tensors import FLOATS

TENSOR_ROLES = (
    *("queries", "keys", "values", "weights", "inputs"),
    *("w_query", "w_key", "w_value", "mask"),
)
PROJECTIONS = ("w_query", "w_key", "w_value")
MAX_WHOLE = 2**23  # whole numbers of a tensor: as floats they take more memory than in the file
_LARGEST_EXACT = 2**24  # whole numbers up to here are exact in float32
_ROLE_WORDS = {
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
_WEIGHT_WORDS = {"w", "wq", "wk", "wv", "proj", "weight", "kernel"}
_ATTENTION_WORDS = {"attn", "attention", "attentions", "weights", "probs", "alpha", "pattern"}
_INPUT_WORDS = {"x", "input", "inputs", "embedding", "embeddings", "emb", "hidden", "resid"}


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
    is_exact = int(tensor.min()) >= -_LARGEST_EXACT and int(tensor.max()) <= _LARGEST_EXACT
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
        found += ROLES.values()
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
        role = _role_by_name(name, tensor)
        if role and role not in found:
            found[role] = name
    if not set(found) - {"mask", *PROJECTIONS}:
        for name, tensor in tensors.items():
            role = _role_by_shape(tensor)
            if role and name not in found.values():
                return {**found, role: name}
    return {role: found[role] for role in TENSOR_ROLES if role in found}


def _role_by_name(name: str, tensor: Tensor) -> str:
    """Return the role that a name says, if the shape allows it."""
    words = set(re.findall("[a-z]+", name.lower()))
    letters = [_ROLE_WORDS[word] for word in sorted(words) if word in _ROLE_WORDS]
    if "mask" in words:
        role = "mask"
    elif letters:
        role = f"w_{letters[0]}" if words & _WEIGHT_WORDS else ROLES[letters[0]]
    elif words & _ATTENTION_WORDS:
        role = "weights"
    else:
        role = "inputs" if words & _INPUT_WORDS else ""
    return role if role in possible_roles(tensor) else ""


def _role_by_shape(tensor: Tensor) -> str:
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
