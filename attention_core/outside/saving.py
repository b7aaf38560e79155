"""Traces as files: every tensor bit for bit, and what is needed to explain and check them again.

A file is an ordinary ``.npz`` or ``.safetensors``, which numpy and safetensors read without us.
What else belongs to the trace is JSON beside the tensors, under the name ``attention_lab_trace``.
"""

from __future__ import annotations

import inspect
import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from attention_core import operations
from attention_core.checks import Check
from attention_core.mechanism import Mechanism, Trace
from attention_core.operations import Operation, Overridden, ranges_read
from attention_core.outside.claims import (
    MAX_BYTES,
    MAX_TENSORS,
    MAX_TEXT,
    MAX_TOKENS,
    TensorFile,
    TensorFileError,
)
from attention_core.outside.tensor_files import read
from attention_core.outside.work import MOST_WORK, TooMuchError, require_few, work_of
from attention_core.recurrent.renamed import renamed_in
from attention_core.step import Step
from attention_core.tensors import FLOATS

KEY = "attention_lab_trace"
VERSION = 1
ENDINGS = (".npz", ".safetensors")
_PLAIN = re.compile(r"\w[\w .-]{0,99}", re.ASCII)  # a name that any program can read
_WRONG = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


def save_trace(trace: Trace, path: str | Path) -> None:
    """Write a trace into a file, every tensor bit for bit.

    Args:
        trace: A run of a mechanism of the core, or what ``watch`` found. Its tokens go with it
            (``trace.with_tokens``).
        path: Where to; it ends in ``.npz`` or ``.safetensors``.

    Raises:
        TensorFileError: If the path ends otherwise, the trace is beyond the bounds (512 tokens,
            64 MB, 2**33 products), an operation is not the core's, or an input of its steps is not
            finite.
        OSError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2)).with_tokens(["to", "be"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_trace(trace, f"{folder}/trace.npz")
        ...     again = load_trace(f"{folder}/trace.npz")
        >>> torch.equal(again["weights"], trace["weights"]), again.tokens
        (True, ('to', 'be'))

    Source:
        ``docs/files.md`` describes the format.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise TensorFileError(f"a trace is saved as {' or '.join(ENDINGS)}; got {path.name!r}")
    path.write_bytes(to_bytes(trace, path.suffix))


def load_trace(path: str | Path | bytes) -> Trace:
    """Return the trace that ``save_trace`` wrote into a file.

    Nothing in the file is run or unpickled, and its numbers stay those of the file:
    ``trace.check()`` says whether they are right. Only a step that has NaN is computed, to see
    whether a number must be there.

    Args:
        path: Where the file is, or its content.

    Raises:
        TensorFileError: If it is no such file, broken, or beyond the bounds (512 tokens, 64 MB,
            steps of 2**33 products together); it says what was expected and what came.
        OSError: If there is no such file.

    Example:
        >>> load_trace(b"PK")
        Traceback (most recent call last):
        attention_core.outside.claims.TensorFileError: this is no .npz, .npy or .safetensors
        file: it begins like none of them. Save it with numpy.savez, numpy.save or
        safetensors.torch.save_file
    """
    return of_file(read(path))


def to_bytes(trace: Trace, ending: str) -> bytes:
    """Return a trace as the content of a file with this ending, ``.npz`` or ``.safetensors``."""
    tensors = {name: trace[name].detach().cpu().contiguous() for name in trace.names}
    if len(tensors) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} values; this has {len(tensors)}")
    n_bytes = sum(tensor.nbytes for tensor in tensors.values())
    if n_bytes > MAX_BYTES:
        raise TensorFileError(f"a trace may have {MAX_BYTES} bytes; this one has {n_bytes}")
    _require_sound(trace)
    stored = _stored_names(trace)
    said = json.dumps(_described(trace, stored))
    if len(said) > MAX_TEXT // 2:
        raise TensorFileError("the names, tokens and own numbers of this trace are too long")
    named = {stored[name]: tensor for name, tensor in tensors.items()}
    return _npz(named, said) if ending == ".npz" else _safetensors(named, said)


def of_file(file: TensorFile) -> Trace:
    """Return the trace in a file that was read; TensorFileError if there is none."""
    try:
        said = json.loads(file.texts[KEY])
    except (KeyError, ValueError, RecursionError):
        raise TensorFileError(
            f"this file holds {len(file.tensors)} arrays but no trace ({KEY!r} is missing or "
            "broken); attention_core.outside.tensor_files.read reads its arrays"
        ) from None
    if not isinstance(said, dict) or said.get("version") != VERSION:
        came = said.get("version") if isinstance(said, dict) else said
        raise TensorFileError(f"a trace of version {VERSION} was expected; got {str(came)[:60]!r}")
    try:
        said = _with_todays_names(said)
        mechanism = _mechanism(said["mechanism"])
        names = (*mechanism.inputs, *(step.name for step in mechanism.steps))
        tensors = {name: _tensor(file, said["values"][name]) for name in names}
        _require(len(file.tensors) == len(names), "its arrays are those of its mechanism")
        trace = Trace(
            mechanism,
            tensors,
            source=_word(said["source"]),
            compared=[_compared(check) for check in said["compared"]],
        )
        trace = trace.with_tokens(*([_word(w) for w in said[k]] for k in ("tokens", "key_tokens")))
        _require_sound(trace)
    except TensorFileError:
        raise
    except _WRONG as error:
        raise TensorFileError(f"this trace is broken: {str(error)[:300]}") from None
    return trace


# What is in a file


def _stored_names(trace: Trace) -> dict[str, str]:
    """Return under which name each value is stored: its own, if any program can read that."""
    stored: dict[str, str] = {}
    for position, name in enumerate(trace.names):
        plain = bool(_PLAIN.fullmatch(name)) and name not in ("__metadata__", KEY)
        stored[name] = name if plain else f"value-{position}"
    if len(set(stored.values())) < len(stored):
        return {name: f"value-{position}" for position, name in enumerate(stored)}
    return stored


def _described(trace: Trace, stored: Mapping[str, str]) -> dict[str, Any]:
    """Return what goes with the tensors, as JSON has it."""
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
                {"name": step.name, "of": list(step.of), **_operation_said(step)}
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


def _npz(tensors: Mapping[str, Tensor], said: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, tensor in tensors.items():
            # numpy has no bfloat16: its bits are kept as whole numbers.
            plain = tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor
            content = io.BytesIO()
            np.lib.format.write_array(content, plain.numpy(), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
        archive.writestr(zipfile.ZipInfo(f"{KEY}.json"), said)
    return buffer.getvalue()


def _safetensors(tensors: Mapping[str, Tensor], said: str) -> bytes:
    apart = {name: tensor.clone() for name, tensor in tensors.items()}  # no two may share memory
    return safetensors.torch.save(apart, {KEY: said})


def _with_todays_names(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a file says with the names of today; those of a cell's values alone changed."""
    known, mechanism = said["values"], said["mechanism"]
    _require(isinstance(known, dict), "its values have names")
    new = {old: name for old, name in renamed_in(known).items() if name not in known}
    if not new or mechanism["steps"]:  # the steps of a cell were never kept
        return said
    values = {new.get(name, name): value for name, value in known.items()}
    inputs = [new.get(name, name) for name in mechanism["inputs"]]
    return {**said, "values": values, "mechanism": {**mechanism, "inputs": inputs}}


# Operations as data


def _operation_said(step: Step) -> dict[str, Any]:
    """Return an operation as its name and its settings, with own numbers if it has some."""
    operation, own = step.operation, {}
    if isinstance(operation, Overridden):
        own = {"own": [[list(cell), number] for cell, number in operation.cells.items()]}
        operation = operation.operation
    cls = type(operation)
    if _class_of(cls.__name__) is not cls:
        raise TensorFileError(
            f"the step {step.name!r} does {cls.__name__}, which is no operation of attention_core: "
            "a file with it could not be opened again"
        )
    settings = {name: getattr(operation, name) for name in inspect.signature(cls).parameters}
    return {"operation": cls.__name__, "settings": settings, **own}


def _class_of(name: object) -> type[Operation] | None:
    """Return the core's operation of that name, None if there is none."""
    found = getattr(operations, name, None) if name in operations.__all__ else None
    is_one = isinstance(found, type) and issubclass(found, Operation) and found is not Overridden
    return found if is_one and not inspect.isabstract(found) else None


def _operation(said: Mapping[str, Any]) -> Operation:
    """Return the operation that a file describes."""
    cls = _class_of(said["operation"])
    _require(cls is not None, f"{str(said['operation'])[:60]!r} is an operation of attention_core")
    assert cls is not None
    settings, wanted = said["settings"], inspect.signature(cls).parameters
    _require(isinstance(settings, dict) and set(settings) == set(wanted), "its settings are known")
    kinds = {"int": (int,), "float": (int, float), "bool": (bool,)}
    for name, number in settings.items():
        known = type(number) in kinds.get(str(wanted[name].annotation), ())
        _require(known and math.isfinite(number), f"the setting {name} is a number")
    operation = cls(**settings)
    if "own" not in said:
        return operation
    cells = {tuple(cell): number for cell, number in said["own"]}
    for cell, number in cells.items():
        _require(all(type(at) is int and at >= 0 for at in cell), "own numbers have a cell")
        _require(type(number) in (int, float) and math.isfinite(number), "own numbers are finite")
    return Overridden(operation, cells)


def _mechanism(said: Mapping[str, Any]) -> Mechanism:
    """Return the mechanism that a file describes."""
    _require(len(said["steps"]) + len(said["inputs"]) <= MAX_TENSORS, "it has not too many steps")
    steps = tuple(
        Step(_word(step["name"]), _operation(step), tuple(map(_word, step["of"])))
        for step in said["steps"]
    )
    names = (tuple(map(_word, said[key])) for key in ("inputs", "masks", "per_head"))
    inputs, masks, per_head = names
    _require(len(set(inputs)) == len(inputs) > 0, "its inputs have names of their own")
    return Mechanism(inputs, steps, masks, per_head)


def _tensor(file: TensorFile, said: Mapping[str, Any]) -> Tensor:
    """Return a value with the dtype that it was saved with."""
    tensor = file.tensors[said["stored"]]
    if said["dtype"] == "bfloat16" and tensor.dtype == torch.uint16:
        tensor = tensor.view(torch.bfloat16)
    _require(str(tensor.dtype) == f"torch.{said['dtype']}", "its arrays have the dtypes it says")
    return tensor


def _compared(said: Any) -> Check:
    step, route, difference, tolerance, ok, *share = said
    _require(type(ok) is bool, "a comparison is either right or wrong")
    off, allowed = float(difference), float(tolerance)
    if share:
        (part,) = map(float, share)
    else:  # files of before have one tolerance for all cells
        part = off / allowed if allowed else (math.inf if off else 0.0)
    return Check(_word(step), _word(route), off, allowed, part, ok)


def _word(found: object) -> str:
    _require(isinstance(found, str), "its names and tokens are text")
    return str(found)


# What can be a trace


def _require_sound(trace: Trace) -> None:
    """Raise ValueError if a trace's tensors cannot be what its mechanism makes.

    Their shapes, dtypes, and where they are not a number; whether the numbers are right is what
    ``trace.check`` says, for which the steps must not be too much work. All without any memory;
    only a step that has NaN is made again, to see whether it belongs there.
    """
    mechanism, work = trace.mechanism, 0
    for name in mechanism.inputs:
        _require_input(trace, name)
    for name in trace.names:
        for axis, size in zip(trace.axes(name), trace[name].shape, strict=True):
            if axis.endswith("token") and size > MAX_TOKENS:
                raise TensorFileError(f"a trace may have {MAX_TOKENS} tokens; {name} has {size}")
    for step in mechanism.steps:
        operands, result = [trace[name] for name in step.of], trace[step.name]
        plain = step.operation
        plain = plain.operation if isinstance(plain, Overridden) else plain
        shadow = plain.compute(*(operand.to("meta") for operand in operands))
        if (shadow.shape, shadow.dtype) != (result.shape, result.dtype):
            raise TensorFileError(
                f"{step.name} must be {shadow.dtype} of shape {tuple(shadow.shape)}; it is "
                f"{result.dtype} of shape {tuple(result.shape)}"
            )
        _require_places(plain, operands, result)
        if isinstance(step.operation, Overridden):
            step.operation.require_places(result)
        work += work_of(plain, *operands)
        try:
            require_few(step.name, work, MOST_WORK, "products")
        except TooMuchError as error:
            raise TensorFileError(str(error)) from None
        if not bool(result.isnan().any()):
            continue
        wrong = result.isnan() & ~mechanism.made(step, {n: trace[n] for n in step.of}).isnan()
        if bool(wrong.any()):
            cell = tuple(wrong.nonzero()[0].tolist())
            raise TensorFileError(f"{step.name} has NaN at {cell}, where a number must be")


def _require_input(trace: Trace, name: str) -> None:
    """Raise TensorFileError if an input is not what its mechanism takes."""
    mechanism, tensor = trace.mechanism, trace[name]
    n_axes = 3 if name in mechanism.per_head else 2
    kinds, kind = ((torch.bool,), "bool") if name in mechanism.masks else (FLOATS, "float")
    if tensor.ndim != n_axes or tensor.dtype not in kinds or not tensor.numel():
        raise TensorFileError(
            f"{name} must be {kind} with {n_axes} axes, not empty; it is {tensor.dtype} of shape "
            f"{tuple(tensor.shape)}"
        )
    if not mechanism.steps:
        return  # what a module recorded may be anything
    others = {trace[n].dtype for n in mechanism.inputs if n not in mechanism.masks}
    _require(len(others) == 1, "its inputs have one dtype")
    if not bool(torch.isfinite(tensor).all()):
        cell = tuple((~torch.isfinite(tensor)).nonzero()[0].tolist())
        raise TensorFileError(f"{name} must be finite to be saved; it has {tensor[cell]} at {cell}")


def _require_places(operation: Operation, operands: list[Tensor], result: Tensor) -> None:
    """Raise ValueError if an operation reads cells that its operands do not have."""
    shapes = [tuple(operand.shape) for operand in operands]
    for cell in ((0,) * result.ndim, tuple(size - 1 for size in result.shape)):
        for pattern, shape in zip(operation.reads, shapes, strict=True):
            ranges = ranges_read(pattern, cell, shape)
            inside = all(found.stop <= size for found, size in zip(ranges, shape, strict=True))
            _require(inside, "its steps read cells that exist")


def _require(holds: bool, what: str) -> None:
    """Raise TensorFileError unless something holds that a trace needs."""
    if not holds:
        raise TensorFileError(f"this trace is broken: it does not hold that {what}")
