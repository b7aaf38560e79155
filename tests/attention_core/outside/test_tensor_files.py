"""Files of tensors: read bit for bit, or refused in words, with bounded memory."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from attention_core.outside import tensor_files
from attention_core.outside.tensor_files import TensorFileError, read
from tests.attention_core import hostile

PROJECT = Path(__file__).parents[3]
HOSTILE = hostile.files()
DTYPES = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
    *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16),
)


def tensor(dtype: torch.dtype) -> torch.Tensor:
    whole = torch.arange(2 * 3 * 5).reshape(2, 3, 5)
    return whole % 2 == 0 if dtype == torch.bool else (whole * 1.25).to(dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_safetensors_come_back(dtype: torch.dtype) -> None:
    given = {"b": tensor(dtype), "a": tensor(dtype)[1].clone()}
    found = read(safetensors.torch.save(given, {"said": "so"}))
    assert found.texts == {"said": "so"}
    assert {name: (t.dtype, t.tolist()) for name, t in found.tensors.items()} == {
        name: (t.dtype, t.tolist()) for name, t in given.items()
    }


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


def test_words_come_back_in_either_order_of_bytes() -> None:
    words = np.array(["to", "be", "", "日本", "😀"])
    members = {"little": words, "big": words.astype(words.dtype.newbyteorder(">"))}
    found = read(hostile.npz({f"{n}.npy": hostile.npy(a) for n, a in members.items()} | ONE))
    assert {n: json.loads(text) for n, text in found.texts.items()} == {
        name: words.tolist() for name in members
    }


ONE = {"x.npy": hostile.npy([1.0])}


def test_what_is_at_a_bound_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(hostile.npy(np.ones((1,) * 6))).tensors[""].ndim == 6
    many = {f"a{k}": hostile.entry([1], 4 * k, 4 * k + 4) for k in range(512)}
    assert len(read(hostile.safetensors(many, bytes(4 * 512))).tensors) == 512
    assert len(read(hostile.npz({f"{n}.npy": ONE["x.npy"] for n in many})).tensors) == 512
    zeros = np.zeros(2**20, dtype=np.uint8)  # as small as deflate can make them
    assert read(hostile.npz({"a.npy": hostile.npy(zeros)})).tensors["a"].numel() == 2**20
    text = {"a.json": bytes(2**19), "b.json": bytes(2**19)}
    assert len(read(hostile.npz({**ONE, **text})).texts) == 2
    tensors = {"a": torch.ones(3), "b": torch.ones(2)}  # 20 bytes together
    monkeypatch.setattr(tensor_files, "MAX_BYTES", 20)
    assert len(read(safetensors.torch.save(tensors)).tensors) == 2
    monkeypatch.setattr(tensor_files, "MAX_BYTES", 19)
    with pytest.raises(TensorFileError, match="19 bytes together; these claim 20 bytes, of which"):
        read(safetensors.torch.save(tensors))


def test_nan_and_infinity_keep_their_bits() -> None:
    bits = torch.tensor([0x7FC00001, 0xFF800000 - 2**32, 0x80000000 - 2**32], dtype=torch.int32)
    found = read(safetensors.torch.save({"a": bits.view(torch.float32)})).tensors["a"]
    assert torch.equal(found.view(torch.int32), bits)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_in_words(what: str) -> None:
    content, said = HOSTILE[what]
    with pytest.raises(TensorFileError, match=said) as found:
        read(content)
    assert len(str(found.value)) < 400


def test_what_is_cut_off_anywhere_is_refused() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.ones((3, 5)), b=np.zeros(7))
    for whole in (buffer.getvalue(), safetensors.torch.save({"a": torch.ones(3, 5)})):
        for length in range(len(whole)):
            with pytest.raises(TensorFileError):
                read(whole[:length])


def test_a_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    with path.open("wb") as file:
        file.write(hostile.npy(np.ones(3)))
        file.truncate(66 * 2**20)
    with pytest.raises(TensorFileError, match="may have 64 MB"):
        read(path)


MEASURE = """
import resource, sys
from attention_core.outside.tensor_files import TensorFileError, read
from tests.attention_core import hostile

def resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

paths = sys.argv[1:]
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
before, allowed = resident(), 64 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (used + allowed, resource.RLIM_INFINITY))
for path in paths:
    try:
        read(path)
    except TensorFileError:
        continue
    raise SystemExit(f"{path} was read")
print(resident() - before)  # kilobytes
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="measured on Linux")
def test_hostile_files_cost_little_memory(tmp_path: Path) -> None:
    for position, (content, _) in enumerate(HOSTILE.values()):
        (tmp_path / f"{position}").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, sorted(tmp_path.iterdir()))],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 48 * 2**10
