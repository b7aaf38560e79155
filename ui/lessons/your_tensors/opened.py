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

from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, Trace
from attention_core.mechanism import Mechanism
from attention_core.outside.claims import MAX_TOKENS, TensorFileError
from attention_core.outside.facts import Fact
from attention_core.outside.guesses import PROJECTIONS, cleaned, possible_roles
from attention_core.outside.saving import to_bytes, trace_of_file
from attention_core.outside.tensor_files import read
from attention_core.outside.trace_json import KEY
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.parameters import parameters_of
from ui.lab.lab import Lab
from ui.lab.tensor_csv import read_matrix

EXAMPLE = Lab(d_out=6, n_heads=3)
EXAMPLE_NAME = "example.npz"
KEPT_BYTES = 1_000_000  # what a browser keeps of a file
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
