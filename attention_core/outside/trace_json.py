"""What belongs to a trace beside its tensors, as JSON: its mechanism, tokens and comparisons.

A mechanism is the names and settings of its operations, which are found among those of the core.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from attention_core import operations
from attention_core.checks import Check
from attention_core.mechanism import Mechanism, Trace
from attention_core.operations import Operation, Overridden
from attention_core.operations.overriding import without_overrides
from attention_core.outside.claims import MAX_TENSORS, TensorFile, TensorFileError
from attention_core.outside.soundness import require
from attention_core.recurrent.renamed import renamed_in
from attention_core.step import Step

KEY = "attention_lab_trace"
VERSION = 1
_PLAIN = re.compile(r"\w[\w .-]{0,99}", re.ASCII)  # a name that any program can read


def stored_names(trace: Trace) -> dict[str, str]:
    """Return under which name each value is stored: its own, if any program can read that."""
    stored: dict[str, str] = {}
    for position, name in enumerate(trace.names):
        plain = bool(_PLAIN.fullmatch(name)) and name not in ("__metadata__", KEY)
        stored[name] = name if plain else f"value-{position}"
    if len(set(stored.values())) < len(stored):
        return {name: f"value-{position}" for position, name in enumerate(stored)}
    return stored


def described(trace: Trace, stored: Mapping[str, str]) -> dict[str, Any]:
    """Return what goes into a file beside the tensors of a trace, as JSON has it."""
    return {
        "version": VERSION,
        "values": {
            name: {
                "stored": stored[name],
                "dtype": str(trace[name].dtype).removeprefix("torch."),
                "shape": list(trace[name].shape),
                "axes": list(trace.axes(name)),
            }
            for name in trace.names
        },
        "mechanism": {
            "inputs": list(trace.mechanism.inputs),
            "masks": list(trace.mechanism.masks),
            "per_head": list(trace.mechanism.per_head),
            "steps": [
                {"name": step.name, "of": list(step.of), **_operation_json(step)}
                for step in trace.mechanism.steps
            ],
        },
        "tokens": list(trace.tokens),
        "key_tokens": list(trace.key_tokens),
        "source": trace.source,
        "compared": [
            [c.step, c.route, repr(c.max_difference), repr(c.tolerance), c.ok, repr(c.share)]
            for c in trace.compared
        ],
    }


def trace_of(said: Mapping[str, Any], file: TensorFile) -> Trace:
    """Return the trace that a file describes, with the file's tensors.

    Args:
        said: What ``described`` returned, read again.
        file: Where the tensors are.

    Raises:
        TensorFileError: If it does not hold what a trace needs; it says what. What is broken
            otherwise raises what Python does: KeyError, TypeError, ValueError and the like.
    """
    said = _with_todays_names(said)
    mechanism = _mechanism_of(said["mechanism"])
    names = (*mechanism.inputs, *(step.name for step in mechanism.steps))
    tensors = {name: _tensor_of(file, said["values"][name]) for name in names}
    require(len(file.tensors) == len(names), "its arrays are those of its mechanism")
    trace = Trace(
        mechanism,
        tensors,
        source=_text_of(said["source"]),
        compared=[_check_of(check) for check in said["compared"]],
    )
    tokens, key_tokens = ([_text_of(word) for word in said[k]] for k in ("tokens", "key_tokens"))
    return trace.with_tokens(tokens, key_tokens)


def _with_todays_names(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a file says with the names of today; those of a cell's values alone changed."""
    known, mechanism = said["values"], said["mechanism"]
    require(isinstance(known, dict), "its values have names")
    new = {old: name for old, name in renamed_in(known).items() if name not in known}
    if not new or mechanism["steps"]:  # the steps of a cell were never kept
        return said
    values = {new.get(name, name): value for name, value in known.items()}
    inputs = [new.get(name, name) for name in mechanism["inputs"]]
    return {**said, "values": values, "mechanism": {**mechanism, "inputs": inputs}}


def _operation_json(step: Step) -> dict[str, Any]:
    """Return an operation as its name and its settings, with own numbers if it has some."""
    operation, overrides = without_overrides(step.operation), {}
    if isinstance(step.operation, Overridden):
        overrides = {"own": [[list(cell), number] for cell, number in step.operation.cells.items()]}
    cls = type(operation)
    if _class_of(cls.__name__) is not cls:
        raise TensorFileError(
            f"the step {step.name!r} does {cls.__name__}, which is no operation of attention_core: "
            "a file with it could not be opened again"
        )
    settings = {name: getattr(operation, name) for name in inspect.signature(cls).parameters}
    return {"operation": cls.__name__, "settings": settings, **overrides}


def _class_of(name: object) -> type[Operation] | None:
    """Return the core's operation of that name, None if there is none."""
    found = getattr(operations, name, None) if name in operations.__all__ else None
    is_one = isinstance(found, type) and issubclass(found, Operation) and found is not Overridden
    return found if is_one and not inspect.isabstract(found) else None


def _operation_of(said: Mapping[str, Any]) -> Operation:
    """Return the operation that a file describes."""
    cls = _class_of(said["operation"])
    require(cls is not None, f"{str(said['operation'])[:60]!r} is an operation of attention_core")
    assert cls is not None
    settings, wanted = said["settings"], inspect.signature(cls).parameters
    require(isinstance(settings, dict) and set(settings) == set(wanted), "its settings are known")
    kinds = {"int": (int,), "float": (int, float), "bool": (bool,)}
    for name, number in settings.items():
        known = type(number) in kinds.get(str(wanted[name].annotation), ())
        require(known and math.isfinite(number), f"the setting {name} is a number")
    operation = cls(**settings)
    if "own" not in said:
        return operation
    cells = {tuple(cell): number for cell, number in said["own"]}
    for cell, number in cells.items():
        require(all(type(at) is int and at >= 0 for at in cell), "own numbers have a cell")
        require(type(number) in (int, float) and math.isfinite(number), "own numbers are finite")
    return Overridden(operation, cells)


def _mechanism_of(said: Mapping[str, Any]) -> Mechanism:
    """Return the mechanism that a file describes."""
    require(len(said["steps"]) + len(said["inputs"]) <= MAX_TENSORS, "it has not too many steps")
    steps = tuple(
        Step(_text_of(step["name"]), _operation_of(step), tuple(map(_text_of, step["of"])))
        for step in said["steps"]
    )
    names = (tuple(map(_text_of, said[key])) for key in ("inputs", "masks", "per_head"))
    inputs, masks, per_head = names
    require(len(set(inputs)) == len(inputs) > 0, "its inputs have names of their own")
    return Mechanism(inputs, steps, masks, per_head)


def _tensor_of(file: TensorFile, said: Mapping[str, Any]) -> Tensor:
    """Return a value with the dtype that it was saved with."""
    tensor = file.tensors[said["stored"]]
    if said["dtype"] == "bfloat16" and tensor.dtype == torch.uint16:
        tensor = tensor.view(torch.bfloat16)
    require(str(tensor.dtype) == f"torch.{said['dtype']}", "its arrays have the dtypes it says")
    return tensor


def _check_of(said: Any) -> Check:
    step, route, difference, tolerance, ok, *share = said
    require(type(ok) is bool, "a comparison is either right or wrong")
    off, allowed = float(difference), float(tolerance)
    if share:
        (part,) = map(float, share)
    else:  # files of before have one tolerance for all cells
        part = off / allowed if allowed else (math.inf if off else 0.0)
    return Check(_text_of(step), _text_of(route), off, allowed, part, ok)


def _text_of(found: object) -> str:
    require(isinstance(found, str), "its names and tokens are text")
    return str(found)
