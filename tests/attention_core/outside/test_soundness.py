"""What a file of a trace may cost: little, whatever it claims."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from attention_core import Mechanism, Trace
from attention_core.operations import AdditiveScores, DotProducts
from attention_core.outside import saving, trace_json
from attention_core.outside.work import MOST_WORK
from attention_core.step import Step

ADDITIVE = Mechanism(
    ("v", "queries", "keys"), (Step("scores", AdditiveScores(), ("v", "queries", "keys")),)
)
LOADED = """
import resource, sys
import torch
from attention_core import load_trace
from attention_core.outside.claims import TensorFileError
torch.set_num_threads(1)
before = resource.getrusage(resource.RUSAGE_SELF)
try:
    load_trace(sys.argv[1])
    said = "loaded"
except TensorFileError as error:
    said = str(error)
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_maxrss - before.ru_maxrss, after.ru_utime - before.ru_utime, said, sep="|")
"""


def made_by_hand(mechanism: Mechanism, tensors: dict[str, torch.Tensor], path: Path) -> Path:
    """Write a file of tensors that nobody computed, past all that ``save_trace`` looks at."""
    trace = Trace(mechanism, tensors)
    stored = trace_json.stored_names(trace)
    said = json.dumps(trace_json.described(trace, stored))
    path.write_bytes(saving._npz(tensors, said))
    return path


def loaded(path: Path) -> tuple[float, float, str]:
    """Load a file in a process of its own: MB more at its peak, seconds, what was said."""
    told = subprocess.run(
        [sys.executable, "-c", LOADED, str(path)], capture_output=True, text=True, check=True
    )
    more, seconds, said = told.stdout.strip().split("|")
    return int(more) / 1024, float(seconds), said


@pytest.mark.parametrize(("width", "number"), [(500, torch.nan), (1500, 0.0), (20_000, torch.nan)])
def test_a_small_file_of_many_tanhs_takes_little(width: int, number: float, tmp_path: Path) -> None:
    """512 queries × 512 keys × width: only what is bounded is computed, and in parts."""
    half = {name: torch.zeros(512, width, dtype=torch.float16) for name in ("queries", "keys")}
    scores = torch.full((512, 512), number, dtype=torch.float16)
    tensors = {"v": torch.zeros(1, width, dtype=torch.float16), **half, "scores": scores}
    path = made_by_hand(ADDITIVE, tensors, tmp_path / "trace.npz")
    more, seconds, said = loaded(path)
    assert more < 200
    assert seconds < 15  # of one core; unbounded, the last one takes minutes
    is_few = 512 * 512 * width * 64 <= MOST_WORK
    expected = "has NaN at (0, 0)" if number else "loaded"
    assert (expected if is_few else "products; 8,589,934,592 are the most") in said


def test_a_row_of_millions_is_no_list_of_cells(tmp_path: Path) -> None:
    wide = torch.zeros(1, 8_000_000, dtype=torch.float16)
    one = torch.zeros(1, 1, dtype=torch.float16)
    mechanism = Mechanism(("inputs",), (Step("scores", DotProducts(), ("inputs", "inputs")),))
    tensors = {"inputs": wide, "scores": one}
    more, seconds, said = loaded(made_by_hand(mechanism, tensors, tmp_path / "trace.npz"))
    assert said == "loaded"
    assert more < 300
    assert seconds < 15  # of one core; unbounded, the last one takes minutes
