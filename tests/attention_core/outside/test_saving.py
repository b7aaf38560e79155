"""A trace comes back from a file bit for bit, and a file that is none is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from attention_core import (
    SIMPLE_SELF_ATTENTION,
    Mechanism,
    Trace,
    load_trace,
    record,
    save_trace,
    watch,
)
from attention_core.outside.claims import TensorFileError
from attention_core.outside.saving import to_bytes
from attention_core.outside.tensor_files import read
from attention_core.outside.trace_json import KEY
from tests.attention_core import hostile
from tests.attention_core.runs import RUNS
from tests.new_mechanism import LUKEWARM

TOKENS = ["to", "<b>", '"""', "naïve\n", "\ud800", "\\", ""]
ENDINGS = (".npz", ".safetensors")


def simple(dtype: torch.dtype = torch.float32) -> Trace:
    inputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(3)).to(dtype)
    return SIMPLE_SELF_ATTENTION.run(inputs=inputs).with_tokens(TOKENS)


def watched() -> list[Trace]:
    attention = torch.nn.MultiheadAttention(22, 2, dropout=0.3, kdim=13, vdim=13)
    query, key = torch.randn(5, 3, 22), torch.randn(7, 3, 13)
    with watch() as traces:
        attention(query, key, key, attn_mask=torch.randn(6, 5, 7))
        grouped = (torch.randn(4, 5, 11), torch.randn(2, 7, 11), torch.randn(2, 7, 13))
        torch.nn.functional.scaled_dot_product_attention(
            *grouped, is_causal=True, enable_gqa=True, scale=0.3
        )
        record("weights", torch.tensor([[0.5, torch.nan], [-torch.inf, 1.0]]))
        record("a/../b", torch.ones(2, 3, dtype=torch.bool))
    return traces


TRACES: dict[str, Trace] = {
    **RUNS,
    **{f"watched {k}": trace for k, trace in enumerate(watched())},
    **{str(d): simple(d) for d in (torch.float64, torch.float16, torch.bfloat16)},
    "own numbers": SIMPLE_SELF_ATTENTION.with_overrides({"weights": {(0, 1): 0.9}}).run(
        inputs=torch.randn(5, 3)
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_a_trace_comes_back(trace: Trace, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"trace{ending}"
    save_trace(trace, path)
    again = load_trace(path)
    assert again.names == trace.names
    for name in trace.names:
        assert again[name].dtype == trace[name].dtype
        assert again[name].shape == trace[name].shape
        assert _bits(again[name]) == _bits(trace[name])
        assert again.axes(name) == trace.axes(name)
    assert (again.tokens, again.source) == (trace.tokens, trace.source)
    assert again.compared == trace.compared
    assert again.check() == trace.check()
    if trace.steps:
        cell = (0,) * trace.output.ndim
        step = trace.steps[-1]
        assert again.explain(step, *cell) == trace.explain(step, *cell)


def _bits(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.detach().contiguous().flatten().view(torch.uint8).tolist())


def test_other_programs_can_read_it(tmp_path: Path) -> None:
    trace = simple()
    for ending in ENDINGS:
        save_trace(trace, tmp_path / f"trace{ending}")
    by_numpy = np.load(tmp_path / "trace.npz")
    by_safetensors = safetensors.torch.load_file(tmp_path / "trace.safetensors")
    for name in trace.names:
        assert np.array_equal(by_numpy[name], trace[name].numpy())
        assert torch.equal(by_safetensors[name], trace[name])
    said = json.loads(by_numpy[f"{KEY}.json"])
    assert said["values"]["weights"]["axes"] == ["query token", "key token"]
    assert said["tokens"] == TOKENS


def test_numbers_that_were_changed_are_loaded_and_found_by_the_check() -> None:
    def change(values: dict[str, torch.Tensor], said: Any) -> None:
        values["weights"][0, 1] += 0.1

    again = load_trace(changed(simple(), change))
    assert [check.step for check in again.check() if not check.ok][:1] == ["weights"]


def changed(trace: Trace, change: Any) -> bytes:
    """A file of the trace whose tensors and words were changed."""
    file = read(to_bytes(trace, ".safetensors"))
    values = dict(file.tensors)
    said = json.loads(file.texts[KEY])
    change(values, said)
    return safetensors.torch.save(values, {KEY: json.dumps(said)})


def _set(path: str, number: Any) -> Any:
    def change(values: Any, said: Any) -> None:
        *way, last = path.split(".")
        for part in way:
            said = said[int(part) if part.isdigit() else part]
        said[int(last) if last.isdigit() else last] = number

    return change


def _value(name: str, tensor: torch.Tensor) -> Any:
    return lambda values, said: values.update({name: tensor})


SPOILT = {
    "another version": (_set("version", 2), "version 1 was expected; got '2'"),
    "no version": (lambda values, said: said.clear(), "version 1"),
    "an operation of Python": (_set("mechanism.steps.0.operation", "os.system"), "operation of"),
    "an abstract operation": (_set("mechanism.steps.0.operation", "Operation"), "operation of"),
    "a function": (_set("mechanism.steps.0.operation", "cells_read"), "operation of"),
    "too many settings": (_set("mechanism.steps.0.settings", {"dim": 1}), "settings"),
    "a setting of words": (_set("mechanism.steps.1.settings", {"dim": "-1"}), "setting dim"),
    "a setting that cannot be": (_set("mechanism.steps.1.settings", {"dim": 5}), "dim must be"),
    "another axis": (_set("mechanism.steps.1.operation", "WeightedSum"), "settings"),
    "a step of what does not exist": (_set("mechanism.steps.0.of", ["x", "y"]), "before it exists"),
    "too few operands": (_set("mechanism.steps.0.of", ["inputs"]), "broken"),
    "a dtype that it has not": (_set("values.weights.dtype", "float64"), "dtypes"),
    "a value that is missing": (_set("values.weights.stored", "nowhere"), "nowhere"),
    "too few labels": (_set("tokens", ["a"]), "takes 7 labels; got 1"),
    "labels that are none": (_set("tokens", [1] * 7), "text"),
    "no mechanism": (_set("mechanism", None), "broken"),
    "a list of nothing": (_set("compared", [[]]), "broken"),
    "another shape": (_value("weights", torch.ones(7, 5)), "takes 5 labels"),
    "another width": (_value("context", torch.ones(7, 5)), r"context must be .*\(7, 3\)"),
    "another kind of number": (_value("inputs", torch.ones(7, 3, dtype=torch.int64)), "dtypes"),
    "no number": (_value("inputs", torch.full((7, 3), torch.nan)), "finite"),
    "no number in a step": (_value("weights", torch.full((7, 7), torch.nan)), "NaN at"),
    "more tensors": (_value("more", torch.ones(2, 2)), "arrays are those"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_trace_is_refused_in_words(what: str) -> None:
    change, said = SPOILT[what]
    with pytest.raises(TensorFileError, match=said):
        load_trace(changed(simple(), change))


def test_a_step_that_would_take_terabytes_is_refused() -> None:
    """Its shape is worked out without memory: 4 million tokens, of one number each."""

    def change(values: dict[str, torch.Tensor], said: Any) -> None:
        values["inputs"] = torch.zeros(4_000_000, 1)
        said["tokens"] = []

    with pytest.raises(TensorFileError, match="512 tokens; inputs has 4000000"):
        load_trace(changed(simple(), change))

    def widen(values: dict[str, torch.Tensor], said: Any) -> None:
        values["inputs"] = torch.zeros(1, 4_000_000)
        values["scores"], values["weights"] = torch.ones(1, 1), torch.ones(1, 1)
        values["context"] = torch.zeros(1, 4_000_000)
        said["tokens"] = []
        said["mechanism"]["steps"][0]["operation"] = "RepeatHeads"
        said["mechanism"]["steps"][0]["settings"] = {"times": 10**12}
        said["mechanism"]["steps"][0]["of"] = ["inputs"]

    with pytest.raises(TensorFileError, match="broken"):
        load_trace(changed(simple(), widen))


def test_a_file_of_other_arrays_is_no_trace() -> None:
    with pytest.raises(TensorFileError, match="holds 1 arrays but no trace"):
        load_trace(hostile.npz({"a.npy": hostile.npy([1.0])}))


def test_what_cannot_be_saved_is_said(tmp_path: Path) -> None:
    with pytest.raises(TensorFileError, match=r"saved as \.npz or \.safetensors; got 'x\.pt'"):
        save_trace(simple(), tmp_path / "x.pt")
    lukewarm = LUKEWARM.run(ideas=torch.ones(5, 3), doubts=torch.ones(2, 3))
    with pytest.raises(TensorFileError, match="'half_hearted' does Halve, which is no operation"):
        save_trace(lukewarm, tmp_path / "x.npz")
    with pytest.raises(TensorFileError, match="512 tokens; inputs has 513"):
        save_trace(SIMPLE_SELF_ATTENTION.run(inputs=torch.ones(513, 1)), tmp_path / "x.npz")
    large = Trace(Mechanism(("a",), ()), {"a": torch.zeros(1, 2**24 + 1)})
    with pytest.raises(TensorFileError, match="bytes"):
        save_trace(large, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []
