"""Read ``.safetensors``: a header in JSON, and tensors that fill the rest of the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

import torch

from attention_core.outside.claims import (
    KNOWN_DTYPES,
    MAX_HEADER,
    MAX_TENSORS,
    Claim,
    TensorFile,
    TensorFileError,
    checked_shape,
    fill,
    quoted,
    require_bounds,
    tensor_of,
)

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


def read_safetensors(file: BinaryIO, size: int) -> TensorFile:
    """Return the tensors of a ``.safetensors`` of so many bytes; TensorFileError if it is none."""
    n_bytes = int.from_bytes(file.read(8), "little")
    if n_bytes > min(MAX_HEADER, size - 8):
        raise TensorFileError(
            f"this .safetensors file is cut off or no such file: its header claims {n_bytes} "
            f"bytes, and there are {size - 8} ({MAX_HEADER} at most are read)"
        )
    header = _read_header(file.read(n_bytes))
    texts = header.pop("__metadata__", {})
    if not _are_texts(texts):
        raise TensorFileError("this .safetensors file has metadata that is no text")
    n_data = size - 8 - n_bytes
    places: dict[str, tuple[int, int]] = {}
    claims = []
    if len(header) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} arrays; this one has {len(header)}")
    for name, entry in header.items():
        claim, places[name] = _safetensors_claim(name, entry, n_data)
        claims.append(claim)
    require_bounds(claims)
    _require_no_overlap(places, n_data)
    tensors = {}
    for claim in claims:
        content = bytearray(claim.n_bytes)
        file.seek(8 + n_bytes + places[claim.name][0])
        fill(file, memoryview(content), claim.name)
        tensors[claim.name] = tensor_of(content, claim)
    return TensorFile(MappingProxyType(tensors), MappingProxyType(texts))


def _read_header(content: bytes) -> dict[str, Any]:
    try:
        header = json.loads(content.decode("utf-8"), object_pairs_hook=_entries)
    except (ValueError, RecursionError):
        raise TensorFileError("this .safetensors file has a header that cannot be read") from None
    if not isinstance(header, dict):
        raise TensorFileError("this .safetensors file has a header that cannot be read")
    return header


def _entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the entries of a JSON object, none of which may come twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _safetensors_claim(name: str, entry: Any, n_data: int) -> tuple[Claim, tuple[int, int]]:
    said = quoted(name)
    try:
        kind, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(place) is int for place in (start, end))
    except (TypeError, KeyError, ValueError):
        raise TensorFileError(f"{said} has an entry in the header that cannot be read") from None
    if not isinstance(kind, str) or kind not in _OF_SAFETENSORS:
        raise TensorFileError(
            f"{said} has the dtype {quoted(str(kind))}; what is read is {KNOWN_DTYPES}"
        )
    claim = Claim(name, _OF_SAFETENSORS[kind], checked_shape(said, shape))
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


def _are_texts(found: object) -> bool:
    return isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
