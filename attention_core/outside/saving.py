"""Traces as files: every tensor bit for bit, and what is needed to explain and check them again.

A file is an ordinary ``.npz`` or ``.safetensors``, which numpy and safetensors read without us.
What else belongs to the trace is JSON beside the tensors, under the name ``attention_lab_trace``.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from attention_core.mechanism import Trace
from attention_core.outside.claims import (
    MAX_BYTES,
    MAX_TENSORS,
    MAX_TEXT,
    TensorFile,
    TensorFileError,
)
from attention_core.outside.soundness import require_sound
from attention_core.outside.tensor_files import read
from attention_core.outside.trace_json import KEY, VERSION, described, stored_names, trace_of

ENDINGS = (".npz", ".safetensors")
_BROKEN = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


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
    return trace_of_file(read(path))


def to_bytes(trace: Trace, ending: str) -> bytes:
    """Return a trace as the content of a file with this ending, ``.npz`` or ``.safetensors``."""
    tensors = {name: trace[name].detach().cpu().contiguous() for name in trace.names}
    if len(tensors) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} values; this has {len(tensors)}")
    n_bytes = sum(tensor.nbytes for tensor in tensors.values())
    if n_bytes > MAX_BYTES:
        raise TensorFileError(f"a trace may have {MAX_BYTES} bytes; this one has {n_bytes}")
    require_sound(trace)
    stored = stored_names(trace)
    said = json.dumps(described(trace, stored))
    if len(said) > MAX_TEXT // 2:
        raise TensorFileError("the names, tokens and own numbers of this trace are too long")
    named = {stored[name]: tensor for name, tensor in tensors.items()}
    return _npz(named, said) if ending == ".npz" else _safetensors(named, said)


def trace_of_file(file: TensorFile) -> Trace:
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
        trace = trace_of(said, file)
        require_sound(trace)
    except TensorFileError:
        raise
    except _BROKEN as error:
        raise TensorFileError(f"this trace is broken: {str(error)[:300]}") from None
    return trace


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
