"""What a lab makes of a file: which tensor has which role, and the run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from attention_core import Trace
from attention_core.figures.labels import TwoSentences
from attention_core.outside.facts import Fact, facts
from attention_core.outside.given_tensors import trace_of
from attention_core.outside.guesses import TENSOR_ROLES, guesses, possible_roles
from ui.lab.lab import Lab
from ui.lessons.your_tensors.choices import TensorChoices
from ui.lessons.your_tensors.opened import Held

MOST_SCORES = 2**21  # of all heads together; beyond, only the chosen one is run
MOST_KEYS = 2**24  # numbers of all heads together, where they share keys or values


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
