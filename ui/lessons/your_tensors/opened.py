"""A file of somebody's tensors: what is in it, and the run that a lab makes of it."""

from __future__ import annotations

import hashlib
import json
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, Trace
from attention_core.figures.labels import TwoSentences
from attention_core.mechanism import Mechanism
from attention_core.outside.claims import MAX_TOKENS, TensorFileError
from attention_core.outside.facts import Fact, facts
from attention_core.outside.given_tensors import trace_of
from attention_core.outside.guesses import (
    PROJECTIONS,
    TENSOR_ROLES,
    cleaned,
    guesses,
    possible_roles,
)
from attention_core.outside.saving import to_bytes, trace_of_file
from attention_core.outside.tensor_files import read
from attention_core.outside.trace_json import KEY
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.parameters import parameters_of
from ui.lab.lab import Lab
from ui.lab.tensor_csv import read_matrix
from ui.lessons.your_tensors.choices import TensorChoices

EXAMPLE = Lab(d_out=6, n_heads=3)
EXAMPLE_NAME = "example.npz"
KEPT_BYTES = 1_000_000  # what a browser keeps of a file
MOST_SCORES = 2**21  # of all heads together; beyond, only the chosen one is run
MOST_KEYS = 2**24  # numbers of all heads together, where they share keys or values
LONGEST_NAME = 199
_OF_TOKENS = ("tokens", "words")
_TAKEN = {"torch", "math", "csv", "json", *keyword.kwlist}  # by the code that is taken along


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A file that was opened.

    Args:
        id: What a lab calls it: of its content, so that the same file is the same again.
        name: What the person calls it.
        tensors: What may be used of it, as ``cleaned`` gives it, by name.
        left_out: Why each of the others is not used, by name.
        words: The tokens in it, if there are any.
        trace: The run, if it was saved as one.
        contents: The file itself, if it is small enough for a browser to keep.
        known: What was found out of its weights, by name: millions of numbers take a while.
    """

    id: str
    name: str
    tensors: Mapping[str, Tensor]
    left_out: Mapping[str, str]
    words: tuple[str, ...] = ()
    trace: Trace | None = None
    contents: bytes = b""
    known: dict[str, tuple[Fact, ...]] = field(default_factory=dict)


def opened(name: str, contents: bytes) -> Held:
    r"""Return what is in a file.

    Args:
        name: Its name; ``.csv`` is read as such, all else is told by its content.
        contents: The file.

    Raises:
        ValueError: If it cannot be read or holds nothing of attention; it says why.

    Example:
        >>> held = opened("mine.csv", b"0.5,0.5\n0.1,0.9\n")
        >>> held.tensors[""].shape
        torch.Size([2, 2])
    """
    held_id = hashlib.sha256(contents).hexdigest()[:16]
    small = contents if len(contents) <= KEPT_BYTES else b""
    if name.lower().endswith(".csv"):
        matrix, tokens = read_matrix(contents)
        tensors, left_out = _usable({"": matrix})
        return Held(held_id, name, tensors, left_out, tuple(tokens), contents=small)
    if not contents:
        raise TensorFileError("this file is empty")
    file = read(contents)
    if KEY in file.texts:
        trace = _with_plain_names(trace_of_file(file))
        values = {value: trace[value] for value in trace.names}
        return Held(held_id, name, MappingProxyType(values), {}, trace.tokens, trace, small)
    tensors, left_out = _usable(file.tensors)
    return Held(held_id, name, tensors, left_out, _words(file.texts), contents=small)


def _usable(given: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], Mapping[str, str]]:
    """Return the tensors that attention can use, and why the others are left out."""
    tensors, left_out = {}, {}
    for name, tensor in given.items():
        try:
            tensors[name] = _fitting(name, tensor)
        except TensorFileError as error:
            left_out[name] = str(error)
    if not any(set(possible_roles(t)) - {"mask", *PROJECTIONS} for t in tensors.values()):
        reasons = left_out or dict.fromkeys(tensors, "no inputs, queries, keys or weights")
        why = "; ".join(list(reasons.values())[:3])
        raise TensorFileError(f"this file has nothing that could be attention: {why}")
    return MappingProxyType(tensors), MappingProxyType(left_out)


def _fitting(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor as attention can use it, or raise TensorFileError."""
    called, shape = name[:60] or "its array", tuple(tensor.shape)
    if not 2 <= tensor.ndim <= 4:
        n_axes = "1 axis" if tensor.ndim == 1 else f"{tensor.ndim} axes"
        raise TensorFileError(f"{called} has {n_axes}, {shape}; 2, 3 or 4 are read")
    if len(name) > LONGEST_NAME:
        raise TensorFileError(f"{called}… has a name of {len(name)} letters")
    if not possible_roles(tensor):
        raise TensorFileError(
            f"{called} is {shape}; up to {MAX_TOKENS} tokens, heads and layers are shown"
        )
    return cleaned(called, tensor)


def _words(texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tokens that stand in a file: a list in JSON, or words."""
    text = next((texts[name] for name in _OF_TOKENS if name in texts), "")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return tuple(text.split())
    if isinstance(found, list) and all(isinstance(word, str) for word in found):
        return tuple(_whole(word) for word in found)
    return tuple(text.split())


def _whole(word: str) -> str:
    """Return a word without halves of characters, which JSON can hold and pages cannot."""
    return word.encode("utf-8", "replace").decode("utf-8")


def _with_plain_names(trace: Trace) -> Trace:
    """Return a trace whose values all have names that code can have: a file may have any."""
    plain: dict[str, str] = {}
    for position, name in enumerate(trace.names):
        is_plain = name.isidentifier() and name.isascii() and name not in _TAKEN
        plain[name] = name if is_plain and len(name) <= 60 else f"value_{position}"
    if len(set(plain.values())) < len(plain):
        plain = {name: f"value_{position}" for position, name in enumerate(plain)}
    mechanism = trace.mechanism
    inputs, masks, per_head = (
        tuple(plain[name] for name in names if name in plain)
        for names in (mechanism.inputs, mechanism.masks, mechanism.per_head)
    )
    steps = tuple(
        replace(step, name=plain[step.name], of=tuple(plain[name] for name in step.of))
        for step in mechanism.steps
    )
    compared = [check._replace(step=plain.get(check.step, check.step)) for check in trace.compared]
    return Trace(
        Mechanism(inputs, steps, masks, per_head),
        {plain[name]: trace[name] for name in trace.names},
        tokens=[_whole(word) for word in trace.tokens],
        key_tokens=[_whole(word) for word in trace.key_tokens],
        source=_whole(trace.source),
        compared=compared,
    )


@lru_cache(maxsize=1)
def example() -> Held:
    """Return the example: the notebook's sentence through multi-head attention, as a file."""
    given: dict[str, Any] = parameters_of(EXAMPLE, out=True)
    run = MULTI_HEAD_ATTENTION.run(tensor_of(EXAMPLE), **given, n_heads=EXAMPLE.n_heads)
    trace = run.with_tokens(labels_of(EXAMPLE))
    return replace(opened(EXAMPLE_NAME, to_bytes(trace, ".npz")), id="")


# ---- What a lab makes of it --------------------------------------------------------------------


def roles_of(lab: Lab, held: Held) -> dict[str, str]:
    """Return which tensor has which role: as the lab says, and for the rest as is likeliest."""
    chosen = {
        role: name.removeprefix("=")
        for role, name in lab.of(TensorChoices).tensor_roles.items()
        if role in TENSOR_ROLES and (not name or _can_be(held, name.removeprefix("="), role))
    }
    mine = {role: chosen[role] for role in chosen if lab.of(TensorChoices).tensor_roles[role]}
    guessed = {
        role: name
        for role, name in guesses(held.tensors).items()
        if role not in chosen and name not in mine.values()
    }
    return {role: {**guessed, **mine}[role] for role in TENSOR_ROLES if role in {**guessed, **mine}}


def _can_be(held: Held, name: str, role: str) -> bool:
    return name in held.tensors and role in possible_roles(held.tensors[name])


def with_role(lab: Lab, held: Held, role: str, name: str | None) -> Lab:
    """Return the lab with a tensor in a role, and in no other; None for none."""
    roles = {own: f"={now}" for own, now in roles_of(lab, held).items() if now != name}
    gone = {own: "" for own, now in roles_of(lab, held).items() if now == name}
    roles = {**gone, **roles, role: "" if name is None else f"={name}"}
    return lab.choosing(tensor_roles=MappingProxyType(roles))


def with_only(lab: Lab, held: Held, role: str) -> Lab:
    """Return the lab with the only tensor of a file in a role."""
    (name,) = held.tensors
    return with_role(lab, held, role, name)


def in_roles(lab: Lab, held: Held) -> dict[str, Tensor]:
    """Return the tensors by role, all their axes still there."""
    return {role: held.tensors[name] for role, name in roles_of(lab, held).items()}


def n_layers(lab: Lab, held: Held) -> int:
    """Return how many layers (or batch items) there are to choose from."""
    if held.trace:
        return 1
    sizes = [len(t) for role, t in in_roles(lab, held).items() if _has_layers(role, t)]
    return max(sizes, default=1)


def layer_of(lab: Lab, held: Held) -> int:
    """Return the layer that is looked at, of those there are."""
    return min(lab.of(TensorChoices).tensor_layer, n_layers(lab, held) - 1)


def _has_layers(role: str, tensor: Tensor) -> bool:
    return tensor.ndim == 4 or (role == "inputs" and tensor.ndim == 3)


def n_heads(lab: Lab, held: Held) -> int:
    """Return how many heads there are to choose from."""
    if held.trace:
        sizes = [len(t) for t in held.tensors.values() if t.ndim == 3]
    else:
        sizes = [
            t.shape[-3]
            for role, t in in_roles(lab, held).items()
            if t.ndim > 2 and role not in ("inputs", "mask")
        ]
    return max(sizes, default=1)


def head_of(lab: Lab, held: Held) -> int:
    """Return the head that is looked at, of those there are."""
    return min(lab.of(TensorChoices).tensor_head, n_heads(lab, held) - 1)


def is_causal(lab: Lab, held: Held) -> bool:
    """Return whether a causal mask is used: as was chosen, or as the weights of the file are."""
    if lab.of(TensorChoices).tensor_mask != "as the file suggests":
        return lab.of(TensorChoices).tensor_mask == "causal"
    weights = in_roles(lab, held).get("weights")
    if weights is None or weights.shape[-1] < 2:
        return False
    return bool(facts_of(lab, held, weights)[2].holds)


def facts_of(lab: Lab, held: Held, weights: Tensor) -> tuple[Fact, ...]:
    """Return what holds of weights: of those of a file, what was found the first time."""
    name = None if held.trace else roles_of(lab, held).get("weights")
    if name is None or held.tensors[name] is not weights:
        return facts(weights)
    if name not in held.known:
        held.known[name] = facts(weights)
    return held.known[name]


def run_of(lab: Lab, held: Held) -> Trace:
    """Return the run that a lab makes of a file, its heads first where it has any.

    Raises:
        ValueError: If its tensors do not fit together; it says which.
    """
    if held.trace:
        return held.trace
    layer = layer_of(lab, held)
    given = {
        role: tensor[min(layer, len(tensor) - 1)] if _has_layers(role, tensor) else tensor
        for role, tensor in in_roles(lab, held).items()
    }
    return trace_of(
        _small_enough(given, head_of(lab, held)),
        is_causal=is_causal(lab, held),
        is_scaled=lab.of(TensorChoices).tensors_scaled,
    )


def is_one_head(lab: Lab, held: Held) -> bool:
    """Return whether all heads are too much, so that only the chosen one is run."""
    return not held.trace and _is_much(in_roles(lab, held))


def _is_much(given: Mapping[str, Tensor]) -> bool:
    queries, keys = given.get("queries"), given.get("keys")
    if queries is None or keys is None or queries.ndim < 3:
        return False
    of_heads = queries.shape[-3] * keys.shape[-2]
    widest = max(t.shape[-1] for t in (keys, given.get("values", keys)))
    return of_heads * queries.shape[-2] > MOST_SCORES or of_heads * widest > MOST_KEYS


def _small_enough(given: Mapping[str, Tensor], head: int) -> dict[str, Tensor]:
    """Return the tensors of all heads, or of one where all are too much."""
    if not _is_much(given):
        return dict(given)
    of = given["queries"].shape[0]
    return {
        role: tensor[min(head * len(tensor) // of, len(tensor) - 1)] if tensor.ndim == 3 else tensor
        for role, tensor in given.items()
    }


def tokens_of(lab: Lab, held: Held, trace: Trace) -> tuple[str, ...]:
    """Return what the tokens are called: as typed, if that fits, or as the file says."""
    typed = tuple(lab.of(TensorChoices).tensor_tokens.split())
    sizes = token_counts(trace)
    if typed and len(typed) in sizes:
        return typed
    if held.trace and held.trace.key_tokens:
        return TwoSentences(held.trace.tokens, held.trace.key_tokens)
    return held.words if len(held.words) in sizes else ()


def token_counts(trace: Trace) -> set[int]:
    """Return how many tokens there are along the axes that count some."""
    return {
        size
        for name in trace.names
        for axis, size in zip(trace.axes(name), trace[name].shape, strict=True)
        if axis.endswith("token")
    }


def weights_of(lab: Lab, held: Held, trace: Trace) -> Tensor | None:
    """Return the weights to look at: those of the file in all layers, or else the run's."""
    own = None if held.trace else in_roles(lab, held).get("weights")
    if own is not None:
        return own
    if "weights" not in trace.names or trace["weights"].dtype == torch.bool:
        return None
    return trace["weights"] if bool(torch.isfinite(trace["weights"]).all()) else None
