"""Files of tensors: read bit for bit, or refused in words, with bounded memory."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from attention_core.outside.claims import TensorFileError
from attention_core.outside.tensor_files import read
from tests.attention_core import hostile

PROJECT = Path(__file__).parents[3]
HOSTILE = hostile.files()


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
from attention_core.outside.claims import TensorFileError
from attention_core.outside.tensor_files import read
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
