"""Read tensors from files that somebody else wrote: ``.npz``, ``.npy`` and ``.safetensors``.

Nothing is believed and nothing is run: no pickle, and what a header claims is held against the
bounds and the length of the file before any memory is asked for. So a file that claims terabytes
costs no more than its header.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from attention_core.outside.claims import (
    MAX_BYTES,
    MAX_HEADER,
    TensorFile,
    TensorFileError,
    size_text,
)
from attention_core.outside.numpy_files import NPY_START, read_npy, read_npz
from attention_core.outside.safetensors_files import read_safetensors

ZIP_START = b"PK\x03\x04"


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
        >>> import numpy as np
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
            f"a file may have {size_text(MAX_BYTES)}; this one has {size_text(size)}"
        )
    start = file.read(8)
    file.seek(0)
    if start.startswith(ZIP_START):
        return read_npz(file, size)
    if start.startswith(NPY_START):
        return read_npy(file)
    if len(start) == 8 and file.read(9)[8:] == b"{":
        file.seek(0)
        return read_safetensors(file, size)
    raise TensorFileError(
        "this is no .npz, .npy or .safetensors file: it begins like none of them. Save it with "
        "numpy.savez, numpy.save or safetensors.torch.save_file"
    )
