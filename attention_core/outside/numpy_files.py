"""Read what numpy saved, ``.npz`` and ``.npy``: plain numbers and words, and never a pickle."""

from __future__ import annotations

import ast
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from attention_core.outside.claims import (
    KNOWN_DTYPES,
    MAX_BYTES,
    MAX_HEADER,
    MAX_TENSORS,
    MAX_TEXT,
    Claim,
    TensorFile,
    TensorFileError,
    checked_shape,
    fill,
    quoted,
    require_bounds,
    size_text,
    tensor_of,
)

NPY_START = b"\x93NUMPY"
_MAX_NPY_HEADER = 10_000  # bytes, as numpy's own limit
_MAX_RATIO = 1100  # deflate cannot shrink further, by about 1032
_OF_NUMPY = {
    "f8": torch.float64,
    "f4": torch.float32,
    "f2": torch.float16,
    "b1": torch.bool,
    "i1": torch.int8,
    "i2": torch.int16,
    "i4": torch.int32,
    "i8": torch.int64,
    "u1": torch.uint8,
    "u2": torch.uint16,
}


def read_npz(file: BinaryIO, size: int) -> TensorFile:
    """Return the arrays of an ``.npz`` of so many bytes; TensorFileError if it is none."""
    _require_small_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            return _read_members(archive, size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TensorFileError(f"this .npz file is broken or cut off: {error}") from None


def read_npy(file: BinaryIO) -> TensorFile:
    """Return the one array of an ``.npy``, called ``""``; TensorFileError if it is none."""
    claim = _read_claim(file, "")
    require_bounds([claim])
    return TensorFile({"": _read_numbers(file, claim)}, MappingProxyType({}))


def _require_small_directory(file: BinaryIO, size: int) -> None:
    """Raise TensorFileError if a zip has too long a list of members, all of which is read."""
    tail = min(size, 22 + 2**16)
    file.seek(size - tail)
    end = file.read(tail)
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(end):
        raise TensorFileError("this .npz file is cut off: its list of arrays is missing")
    n_members, n_bytes = struct.unpack("<HL", end[at + 10 : at + 16])
    if n_members > MAX_TENSORS or n_bytes > MAX_HEADER or b"PK\x06\x06" in end[:at]:
        raise TensorFileError(f"a file may have {MAX_TENSORS} arrays; this one has {n_members}")
    file.seek(0)


def _read_members(archive: zipfile.ZipFile, size: int) -> TensorFile:
    claims: list[tuple[zipfile.ZipInfo, Claim]] = []
    texts: dict[str, str] = {}
    members = archive.infolist()
    if len(members) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} arrays; this one has {len(members)}")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise TensorFileError("this .npz file has two arrays of the same name")
    for member in members:
        _require_possible(member, size)
        if member.filename.endswith(".json"):
            texts[member.filename.removesuffix(".json")] = _read_text(archive, member)
            _require_short(texts)
            continue
        if not member.filename.endswith(".npy"):
            raise TensorFileError(
                f"an .npz file holds arrays (.npy); this one has {quoted(member.filename)}"
            )
        name = member.filename.removesuffix(".npy")
        with archive.open(member) as stream:
            found = _read_npy_header(stream, name)
            if _holds_words(found):
                texts[name] = _read_words(stream, name, found)
                _require_short(texts)
                continue
            claim = _claim_of(name, found)
        claims.append((member, claim))
    require_bounds([claim for _, claim in claims])
    tensors = {}
    for member, claim in claims:
        with archive.open(member) as stream:
            _read_claim(stream, claim.name)
            tensors[claim.name] = _read_numbers(stream, claim)
    return TensorFile(MappingProxyType(tensors), MappingProxyType(texts))


def _require_possible(member: zipfile.ZipInfo, size: int) -> None:
    """Raise TensorFileError if a member of a zip cannot be what it says."""
    name = quoted(member.filename)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise TensorFileError(f"{name} is compressed in a way that numpy does not use")
    if member.flag_bits & 1:
        raise TensorFileError(f"{name} is encrypted; save it without a password")
    if member.file_size > MAX_BYTES or member.file_size > _MAX_RATIO * member.compress_size + 64:
        raise TensorFileError(f"{name} claims {size_text(member.file_size)}, which it cannot hold")
    if member.compress_size > size:
        raise TensorFileError(f"{name} is cut off")


def _read_text(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """Return a member that is text."""
    with archive.open(member) as stream:
        found = stream.read(MAX_TEXT + 1)
    if len(found) > MAX_TEXT:
        raise TensorFileError(f"{quoted(member.filename)} is longer than {size_text(MAX_TEXT)}")
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        raise TensorFileError(f"{quoted(member.filename)} is not text in UTF-8") from None


def _require_short(texts: Mapping[str, str]) -> None:
    if sum(map(len, texts.values())) > MAX_TEXT:
        raise TensorFileError(f"this file has more than {size_text(MAX_TEXT)} of text")


def _holds_words(found: Mapping[str, Any]) -> bool:
    """Return whether an array holds words, as its header says."""
    kind = found["descr"]
    return isinstance(kind, str) and re.fullmatch("[<>]U[0-9]{1,6}", kind) is not None


def _read_words(stream: Any, name: str, found: Mapping[str, Any]) -> str:
    """Return an array of words as a list in JSON."""
    said, kind, shape = quoted(name), found["descr"], checked_shape(quoted(name), found["shape"])
    length = int(kind[2:])
    if len(shape) != 1 or shape[0] * length * 4 > MAX_TEXT or not length:
        raise TensorFileError(
            f"{said} holds words, {shape} of up to {length} letters; a list of tokens was "
            f"expected, of {size_text(MAX_TEXT)} at most"
        )
    content = bytearray(shape[0] * length * 4)
    fill(stream, memoryview(content), name)
    try:
        letters = content.decode("utf-32-le" if kind[0] == "<" else "utf-32-be")
    except UnicodeDecodeError:
        raise TensorFileError(f"{said} holds words that are not Unicode") from None
    words = [letters[at : at + length].rstrip("\0") for at in range(0, len(letters), length)]
    return json.dumps(words, ensure_ascii=False)


def _read_claim(stream: Any, name: str) -> Claim:
    """Return what the header of an ``.npy`` says; the stream is then at its numbers."""
    return _claim_of(name, _read_npy_header(stream, name))


def _read_npy_header(stream: Any, name: str) -> dict[str, Any]:
    """Return the header of an ``.npy``: its dtype, order and shape, still to be checked."""
    said = quoted(name)
    start = stream.read(8)
    version = start[6:8]
    length = stream.read(2 if version == b"\x01\x00" else 4)
    if start[:6] != NPY_START or version not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise TensorFileError(f"{said} is no array that numpy saved")
    n_bytes = int.from_bytes(length, "little")
    if n_bytes > _MAX_NPY_HEADER:
        raise TensorFileError(
            f"{said} has a header of {n_bytes} bytes; numpy's have up to {_MAX_NPY_HEADER}"
        )
    header = stream.read(n_bytes)
    if len(header) < n_bytes or len(length) < 2:
        raise TensorFileError(f"{said} is cut off in its header")
    try:
        found = ast.literal_eval(header.decode("latin1").strip())
        return {part: found[part] for part in ("descr", "fortran_order", "shape")}
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise TensorFileError(f"{said} has a header that is not numpy's") from None


def _claim_of(name: str, found: Mapping[str, Any]) -> Claim:
    """Return what a header says about a tensor, checked."""
    said, kind, by_columns = quoted(name), found["descr"], found["fortran_order"]
    if isinstance(kind, str) and kind[1:2] == "O":
        raise TensorFileError(
            f"{said} holds Python objects, which are never read; save plain numbers"
        )
    if not isinstance(kind, str) or kind[:1] not in "<>|=" or kind[1:] not in _OF_NUMPY:
        raise TensorFileError(
            f"{said} has the dtype {quoted(str(kind))}; what is read is {KNOWN_DTYPES}"
        )
    if not isinstance(by_columns, bool):
        raise TensorFileError(f"{said} has a header that is not numpy's")
    return Claim(
        name, _OF_NUMPY[kind[1:]], checked_shape(said, found["shape"]), kind[0] == ">", by_columns
    )


def _read_numbers(stream: Any, claim: Claim) -> Tensor:
    """Return the numbers that come after the header, which is within the bounds."""
    content = bytearray(claim.n_bytes)
    fill(stream, memoryview(content), claim.name)
    if stream.read(1):
        raise TensorFileError(f"{quoted(claim.name)} is longer than its header says")
    if claim.swapped:
        whole = np.frombuffer(content, dtype=f">u{claim.dtype.itemsize}")
        content = bytearray(whole.astype(f"<u{claim.dtype.itemsize}").tobytes())
    tensor = tensor_of(content, claim)
    if claim.by_columns and tensor.ndim > 1:
        turned = tensor.view(tuple(reversed(claim.shape)))
        return turned.permute(*reversed(range(tensor.ndim))).contiguous()
    return tensor
