"""Read tensors from files that somebody else wrote: ``.npz``, ``.npy`` and ``.safetensors``.

Nothing is believed and nothing is run: no pickle, and what a header claims is held against the
bounds and the length of the file before any memory is asked for. So a file that claims terabytes
costs no more than its header.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import torch
from torch import Tensor

MAX_BYTES = 64 * 2**20  # of all tensors together, and of the file
MAX_TOKENS = 512
MAX_TENSORS = 512
MAX_AXES = 6
MAX_HEADER = 2**20  # of a safetensors file, and of what a zip says about its members
MAX_TEXT = 2**20  # of the names, tokens and whatever else goes with the tensors

_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_NPY_HEADER = 10_000  # bytes, as numpy's own limit
_RATIO = 1100  # deflate cannot shrink further, by about 1032
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
_OF_SAFETENSORS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "BOOL": torch.bool,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "U8": torch.uint8,
    "U16": torch.uint16,
}
_KNOWN = "float64, float32, float16, bfloat16, bool and whole numbers of up to 64 bits"


class TensorFileError(ValueError):
    """A file cannot be read; the message says to the person what was expected and what came."""


class TensorFile(NamedTuple):
    """What a file holds.

    Attributes:
        tensors: Every tensor by name, in the file's order. The one of an ``.npy`` is ``""``.
        texts: What goes with them: the ``__metadata__`` of a safetensors file, and of an ``.npz``
            the members whose names end in ``.json`` and its arrays of words, as lists in JSON.
    """

    tensors: Mapping[str, Tensor]
    texts: Mapping[str, str]


class _Claim(NamedTuple):
    """What a header says about a tensor."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    swapped: bool = False  # its bytes are in the other order
    by_columns: bool = False  # as Fortran has them

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read(source: str | Path | bytes) -> TensorFile:
    """Return the tensors of a file, if they keep to the bounds.

    The format is told by the content. At most 64 MB, 512 tensors of up to 6 axes; memory stays
    within a small multiple of that, whatever the file claims.

    Args:
        source: A path, or a file's content.

    Raises:
        TensorFileError: If it is no such file, broken, beyond the bounds, or holds objects; it says
            what was expected and what came.
        OSError: If there is no such file.

    Example:
        >>> buffer = io.BytesIO()
        >>> np.savez(buffer, weights=np.eye(2, dtype=np.float32))
        >>> read(buffer.getvalue()).tensors["weights"]
        tensor([[1., 0.],
                [0., 1.]])

    Source:
        The documentation of ``numpy.lib.format`` and of the safetensors format.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), len(source))
    path = Path(source)
    with path.open("rb") as file:
        return _read(file, path.stat().st_size)


def _read(file: BinaryIO, size: int) -> TensorFile:
    if size > MAX_BYTES + MAX_HEADER:
        raise TensorFileError(
            f"a file may have {_megabytes(MAX_BYTES)}; this one has {_megabytes(size)}"
        )
    start = file.read(8)
    file.seek(0)
    if start.startswith(_ZIP):
        return _read_npz(file, size)
    if start.startswith(_NPY):
        claim = _npy_claim(file, "")
        _require_bounds([claim])
        return TensorFile({"": _npy_tensor(file, claim)}, MappingProxyType({}))
    if len(start) == 8 and file.read(9)[8:] == b"{":
        file.seek(0)
        return _read_safetensors(file, size)
    raise TensorFileError(
        "this is no .npz, .npy or .safetensors file: it begins like none of them. Save it with "
        "numpy.savez, numpy.save or safetensors.torch.save_file"
    )


# .npz and .npy


def _read_npz(file: BinaryIO, size: int) -> TensorFile:
    _require_small_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            return _members(archive, size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TensorFileError(f"this .npz file is broken or cut off: {error}") from None


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


def _members(archive: zipfile.ZipFile, size: int) -> TensorFile:
    claims: list[tuple[zipfile.ZipInfo, _Claim]] = []
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
            texts[member.filename.removesuffix(".json")] = _text(archive, member)
            _require_short(texts)
            continue
        if not member.filename.endswith(".npy"):
            raise TensorFileError(
                f"an .npz file holds arrays (.npy); this one has {_quoted(member.filename)}"
            )
        name = member.filename.removesuffix(".npy")
        with archive.open(member) as stream:
            found = _npy_header(stream, name)
            if _is_of_words(found):
                texts[name] = _words(stream, name, found)
                _require_short(texts)
                continue
            claim = _claim_of(name, found)
        claims.append((member, claim))
    _require_bounds([claim for _, claim in claims])
    tensors = {}
    for member, claim in claims:
        with archive.open(member) as stream:
            _npy_claim(stream, claim.name)
            tensors[claim.name] = _npy_tensor(stream, claim)
    return TensorFile(MappingProxyType(tensors), MappingProxyType(texts))


def _require_possible(member: zipfile.ZipInfo, size: int) -> None:
    """Raise TensorFileError if a member of a zip cannot be what it says."""
    name = _quoted(member.filename)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise TensorFileError(f"{name} is compressed in a way that numpy does not use")
    if member.flag_bits & 1:
        raise TensorFileError(f"{name} is encrypted; save it without a password")
    if member.file_size > MAX_BYTES or member.file_size > _RATIO * member.compress_size + 64:
        raise TensorFileError(f"{name} claims {_megabytes(member.file_size)}, which it cannot hold")
    if member.compress_size > size:
        raise TensorFileError(f"{name} is cut off")


def _text(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """Return a member that is text."""
    with archive.open(member) as stream:
        found = stream.read(MAX_TEXT + 1)
    if len(found) > MAX_TEXT:
        raise TensorFileError(f"{_quoted(member.filename)} is longer than {_megabytes(MAX_TEXT)}")
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        raise TensorFileError(f"{_quoted(member.filename)} is not text in UTF-8") from None


def _require_short(texts: Mapping[str, str]) -> None:
    if sum(map(len, texts.values())) > MAX_TEXT:
        raise TensorFileError(f"this file has more than {_megabytes(MAX_TEXT)} of text")


def _is_of_words(found: Mapping[str, Any]) -> bool:
    """Return whether an array holds words, as its header says."""
    kind = found["descr"]
    return isinstance(kind, str) and re.fullmatch("[<>]U[0-9]{1,6}", kind) is not None


def _words(stream: Any, name: str, found: Mapping[str, Any]) -> str:
    """Return an array of words as a list in JSON."""
    said, kind, shape = _quoted(name), found["descr"], _shape(_quoted(name), found["shape"])
    length = int(kind[2:])
    if len(shape) != 1 or shape[0] * length * 4 > MAX_TEXT or not length:
        raise TensorFileError(
            f"{said} holds words, {shape} of up to {length} letters; a list of tokens was "
            f"expected, of {_megabytes(MAX_TEXT)} at most"
        )
    content = bytearray(shape[0] * length * 4)
    _fill(stream, memoryview(content), name)
    try:
        letters = content.decode("utf-32-le" if kind[0] == "<" else "utf-32-be")
    except UnicodeDecodeError:
        raise TensorFileError(f"{said} holds words that are not Unicode") from None
    words = [letters[at : at + length].rstrip("\0") for at in range(0, len(letters), length)]
    return json.dumps(words, ensure_ascii=False)


def _npy_claim(stream: Any, name: str) -> _Claim:
    """Return what the header of an ``.npy`` says; the stream is then at its numbers."""
    return _claim_of(name, _npy_header(stream, name))


def _npy_header(stream: Any, name: str) -> dict[str, Any]:
    """Return the header of an ``.npy``: its dtype, order and shape, still to be checked."""
    said = _quoted(name)
    start = stream.read(8)
    version = start[6:8]
    length = stream.read(2 if version == b"\x01\x00" else 4)
    if start[:6] != _NPY or version not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise TensorFileError(f"{said} is no array that numpy saved")
    n_bytes = int.from_bytes(length, "little")
    if n_bytes > _NPY_HEADER:
        raise TensorFileError(
            f"{said} has a header of {n_bytes} bytes; numpy's have up to {_NPY_HEADER}"
        )
    header = stream.read(n_bytes)
    if len(header) < n_bytes or len(length) < 2:
        raise TensorFileError(f"{said} is cut off in its header")
    try:
        found = ast.literal_eval(header.decode("latin1").strip())
        return {part: found[part] for part in ("descr", "fortran_order", "shape")}
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise TensorFileError(f"{said} has a header that is not numpy's") from None


def _claim_of(name: str, found: Mapping[str, Any]) -> _Claim:
    """Return what a header says about a tensor, checked."""
    said, kind, by_columns = _quoted(name), found["descr"], found["fortran_order"]
    if isinstance(kind, str) and kind[1:2] == "O":
        raise TensorFileError(
            f"{said} holds Python objects, which are never read; save plain numbers"
        )
    if not isinstance(kind, str) or kind[:1] not in "<>|=" or kind[1:] not in _OF_NUMPY:
        raise TensorFileError(
            f"{said} has the dtype {_quoted(str(kind))}; what is read is {_KNOWN}"
        )
    if not isinstance(by_columns, bool):
        raise TensorFileError(f"{said} has a header that is not numpy's")
    return _Claim(
        name, _OF_NUMPY[kind[1:]], _shape(said, found["shape"]), kind[0] == ">", by_columns
    )


def _npy_tensor(stream: Any, claim: _Claim) -> Tensor:
    """Return the numbers that come after the header, which is within the bounds."""
    content = bytearray(claim.n_bytes)
    _fill(stream, memoryview(content), claim.name)
    if stream.read(1):
        raise TensorFileError(f"{_quoted(claim.name)} is longer than its header says")
    if claim.swapped:
        whole = np.frombuffer(content, dtype=f">u{claim.dtype.itemsize}")
        content = bytearray(whole.astype(f"<u{claim.dtype.itemsize}").tobytes())
    tensor = _of_bytes(content, claim)
    if claim.by_columns and tensor.ndim > 1:
        turned = tensor.view(tuple(reversed(claim.shape)))
        return turned.permute(*reversed(range(tensor.ndim))).contiguous()
    return tensor


# .safetensors


def _read_safetensors(file: BinaryIO, size: int) -> TensorFile:
    n_bytes = int.from_bytes(file.read(8), "little")
    if n_bytes > min(MAX_HEADER, size - 8):
        raise TensorFileError(
            f"this .safetensors file is cut off or no such file: its header claims {n_bytes} "
            f"bytes, and there are {size - 8} ({MAX_HEADER} at most are read)"
        )
    header = _header(file.read(n_bytes))
    texts = header.pop("__metadata__", {})
    if not _is_texts(texts):
        raise TensorFileError("this .safetensors file has metadata that is no text")
    n_data = size - 8 - n_bytes
    places: dict[str, tuple[int, int]] = {}
    claims = []
    if len(header) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} arrays; this one has {len(header)}")
    for name, entry in header.items():
        claim, places[name] = _safetensors_claim(name, entry, n_data)
        claims.append(claim)
    _require_bounds(claims)
    _require_no_overlap(places, n_data)
    tensors = {}
    for claim in claims:
        content = bytearray(claim.n_bytes)
        file.seek(8 + n_bytes + places[claim.name][0])
        _fill(file, memoryview(content), claim.name)
        tensors[claim.name] = _of_bytes(content, claim)
    return TensorFile(MappingProxyType(tensors), MappingProxyType(texts))


def _header(content: bytes) -> dict[str, Any]:
    try:
        header = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise TensorFileError("this .safetensors file has a header that cannot be read") from None
    if not isinstance(header, dict):
        raise TensorFileError("this .safetensors file has a header that cannot be read")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the entries of a JSON object, none of which may come twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _safetensors_claim(name: str, entry: Any, n_data: int) -> tuple[_Claim, tuple[int, int]]:
    said = _quoted(name)
    try:
        kind, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(place) is int for place in (start, end))
    except (TypeError, KeyError, ValueError):
        raise TensorFileError(f"{said} has an entry in the header that cannot be read") from None
    if not isinstance(kind, str) or kind not in _OF_SAFETENSORS:
        raise TensorFileError(
            f"{said} has the dtype {_quoted(str(kind))}; what is read is {_KNOWN}"
        )
    claim = _Claim(name, _OF_SAFETENSORS[kind], _shape(said, shape))
    if not whole or not 0 <= start <= end <= n_data or end - start != claim.n_bytes:
        raise TensorFileError(
            f"{said} claims {claim.n_bytes} bytes, from {start} to {end} of {n_data} that are there"
        )
    return claim, (start, end)


def _require_no_overlap(places: Mapping[str, tuple[int, int]], n_data: int) -> None:
    """Raise TensorFileError unless the tensors lie one after the other and fill the file."""
    reached = 0
    for start, end in sorted(places.values()):
        if start != reached:
            raise TensorFileError("this .safetensors file has gaps, or tensors that overlap")
        reached = end
    if reached != n_data:
        raise TensorFileError(f"this .safetensors file has {n_data - reached} bytes of no tensor")


def _is_texts(found: object) -> bool:
    return isinstance(found, dict) and all(isinstance(text, str) for text in found.values())


# Both


def _shape(said: str, shape: object) -> tuple[int, ...]:
    """Return a shape if it is one; TensorFileError if not."""
    if not isinstance(shape, list | tuple) or len(shape) > MAX_AXES:
        raise TensorFileError(
            f"{said} may have {MAX_AXES} axes; it has the shape {_quoted(str(shape))}"
        )
    if not all(type(size) is int and 0 <= size < 2**62 for size in shape):
        raise TensorFileError(f"{said} has the shape {_quoted(str(shape))}, which is none")
    if 0 in shape:
        raise TensorFileError(f"{said} is empty: it has the shape {tuple(shape)}")
    return tuple(shape)


def _require_bounds(claims: list[_Claim]) -> None:
    """Raise TensorFileError if the tensors are too many or too large together."""
    if not claims:
        raise TensorFileError("this file holds no arrays")
    if len(claims) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} arrays; this one has {len(claims)}")
    total = sum(claim.n_bytes for claim in claims)
    if total > MAX_BYTES:
        largest = max(claims, key=lambda claim: claim.n_bytes)
        raise TensorFileError(
            f"the arrays of a file may have {_megabytes(MAX_BYTES)} together; these claim "
            f"{_megabytes(total)}, of which {_quoted(largest.name)} is {largest.shape}"
        )


def _fill(stream: Any, room: memoryview, name: str) -> None:
    """Read exactly as many bytes as there is room for."""
    filled = 0
    while filled < len(room):
        part = stream.read(min(2**20, len(room) - filled))
        if not part:
            raise TensorFileError(
                f"{_quoted(name)} is cut off: {filled} of {len(room)} bytes are there"
            )
        room[filled : filled + len(part)] = part
        filled += len(part)


def _of_bytes(content: bytearray, claim: _Claim) -> Tensor:
    if claim.dtype == torch.bool and max(content) > 1:
        raise TensorFileError(f"{_quoted(claim.name)} claims to be booleans and holds other bytes")
    return torch.frombuffer(content, dtype=claim.dtype).view(claim.shape)


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.0f} MB" if n_bytes >= 2**20 else f"{n_bytes} bytes"


def _quoted(text: str) -> str:
    """Return a word of a file as a message may show it: short, and on one line."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
