"""What numpy saved is read bit for bit, words included."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from attention_core.outside.tensor_files import read
from tests.attention_core import hostile

DTYPES = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
    *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16),
)


def tensor(dtype: torch.dtype) -> torch.Tensor:
    whole = torch.arange(2 * 3 * 5).reshape(2, 3, 5)
    return whole % 2 == 0 if dtype == torch.bool else (whole * 1.25).to(dtype)


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != torch.bfloat16], ids=str)
@pytest.mark.parametrize("compressed", [True, False])
def test_npz_come_back(dtype: torch.dtype, compressed: bool, tmp_path: Path) -> None:
    given = tensor(dtype).numpy()
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "x.npz", plain=given, turned=np.asfortranarray(given), swapped=_swapped(given))
    found = read(tmp_path / "x.npz").tensors
    assert list(found) == ["plain", "turned", "swapped"]
    for name in found:
        assert found[name].dtype == dtype
        assert found[name].tolist() == given.tolist()
        assert found[name].is_contiguous()


def _swapped(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder(">"))


def test_an_npy_comes_back(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[1, 2], [3, 4]], dtype=np.float32))
    assert read(tmp_path / "x.npy").tensors[""].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00", b"\x03\x00"])
def test_every_version_of_numpys_header_is_read(version: bytes) -> None:
    said = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}".ljust(10_000)
    content = hostile.npy_of(said, bytes(range(12)), version=version)
    rows = [[0x0001, 0x0405, 0x0809], [0x0203, 0x0607, 0x0A0B]]
    assert read(content).tensors[""].tolist() == rows


ONE = {"x.npy": hostile.npy([1.0])}


def test_words_come_back_in_either_order_of_bytes() -> None:
    words = np.array(["to", "be", "", "日本", "😀"])
    members = {"little": words, "big": words.astype(words.dtype.newbyteorder(">"))}
    found = read(hostile.npz({f"{n}.npy": hostile.npy(a) for n, a in members.items()} | ONE))
    assert {n: json.loads(text) for n, text in found.texts.items()} == {
        name: words.tolist() for name in members
    }
