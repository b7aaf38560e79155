"""What a file says about its tensors, held against the bounds before memory is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

MAX_BYTES = 64 * 2**20  # of all tensors together, and of the file
MAX_TOKENS = 512
MAX_TENSORS = 512
MAX_AXES = 6
MAX_HEADER = 2**20  # of a safetensors file, and of what a zip says about its members
MAX_TEXT = 2**20  # of the names, tokens and whatever else goes with the tensors
KNOWN_DTYPES = "float64, float32, float16, bfloat16, bool and whole numbers of up to 64 bits"


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


class Claim(NamedTuple):
    """What a header says about a tensor."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    swapped: bool = False  # its bytes are in the other order
    by_columns: bool = False  # as Fortran has them

    @property
    def n_bytes(self) -> int:
        """How many bytes its numbers take."""
        return math.prod(self.shape) * self.dtype.itemsize


def checked_shape(said: str, shape: object) -> tuple[int, ...]:
    """Return the shape that a header claims, if it can be one; TensorFileError if not."""
    if not isinstance(shape, list | tuple) or len(shape) > MAX_AXES:
        raise TensorFileError(
            f"{said} may have {MAX_AXES} axes; it has the shape {quoted(str(shape))}"
        )
    if not all(type(size) is int and 0 <= size < 2**62 for size in shape):
        raise TensorFileError(f"{said} has the shape {quoted(str(shape))}, which is none")
    if 0 in shape:
        raise TensorFileError(f"{said} is empty: it has the shape {tuple(shape)}")
    return tuple(shape)


def require_bounds(claims: list[Claim]) -> None:
    """Raise TensorFileError if the tensors are too many or too large together."""
    if not claims:
        raise TensorFileError("this file holds no arrays")
    if len(claims) > MAX_TENSORS:
        raise TensorFileError(f"a file may have {MAX_TENSORS} arrays; this one has {len(claims)}")
    total = sum(claim.n_bytes for claim in claims)
    if total > MAX_BYTES:
        largest = max(claims, key=lambda claim: claim.n_bytes)
        raise TensorFileError(
            f"the arrays of a file may have {size_text(MAX_BYTES)} together; these claim "
            f"{size_text(total)}, of which {quoted(largest.name)} is {largest.shape}"
        )


def fill(stream: Any, room: memoryview, name: str) -> None:
    """Read as many bytes of a stream as there is room for; TensorFileError if it ends before."""
    filled = 0
    while filled < len(room):
        part = stream.read(min(2**20, len(room) - filled))
        if not part:
            raise TensorFileError(
                f"{quoted(name)} is cut off: {filled} of {len(room)} bytes are there"
            )
        room[filled : filled + len(part)] = part
        filled += len(part)


def tensor_of(content: bytearray, claim: Claim) -> Tensor:
    """Return bytes as the tensor that they are claimed to be; TensorFileError if they cannot."""
    if claim.dtype == torch.bool and max(content) > 1:
        raise TensorFileError(f"{quoted(claim.name)} claims to be booleans and holds other bytes")
    return torch.frombuffer(content, dtype=claim.dtype).view(claim.shape)


def size_text(n_bytes: int) -> str:
    """Return a size as a message says it.

    Example:
        >>> size_text(64 * 2**20), size_text(600)
        ('64 MB', '600 bytes')
    """
    return f"{n_bytes / 2**20:,.0f} MB" if n_bytes >= 2**20 else f"{n_bytes} bytes"


def quoted(text: str) -> str:
    """Return a word of a file as a message may show it: short, and on one line."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
