"""Tables: labels that are unique and harmless, numbers that come back bit for bit."""

import csv
import io
import time
import tracemalloc
import zipfile

import pytest
import torch
from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, ONE_QUERY, Trace
from attention_core.export import Shown, Table
from attention_core.export import sheets as module
from attention_core.export.sheets import sheets, table_csv, value_csv, zipped
from tests.attention_core.export.hostile import TOKENS
from tests.attention_core.matrices import matrix


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def heads() -> Trace:
    query, key, value = (matrix(3, 4, seed, dtype=torch.float32) for seed in range(3))
    out = matrix(4, 4, 7, dtype=torch.float32)
    inputs = matrix(5, 3, 8, dtype=torch.float32)
    return MULTI_HEAD_ATTENTION.run(inputs, query, key, value, 2, out)


def read_back(content: bytes, n_labels: int, shape: tuple[int, ...]) -> Tensor:
    _, *rows = rows_of(content)
    return torch.tensor([[float(text) for text in row[n_labels:]] for row in rows]).view(shape)


def test_every_value_comes_back_from_its_table_bit_for_bit() -> None:
    trace = heads()
    shown = Shown("heads", "Heads", trace, ["to", "be", "or", "not", "to"])
    for name in (*trace.inputs, *trace.steps):
        tensor = trace[name]
        content = value_csv(shown, name, tensor)
        again = read_back(content, tensor.ndim - 1, tuple(tensor.shape))
        assert torch.equal(again, tensor.float()), name
    header, first, *_ = rows_of(value_csv(shown, "weights", trace["weights"]))
    assert header == ["head", "query token", "to (1)", "be", "or", "not", "to (5)"]
    assert first[:3] == ["head 1", "to (1)", "1.0"]
    assert rows_of(value_csv(shown, "masked", trace["masked"]))[1][3] == "-inf"
    assert rows_of(value_csv(shown, "mask", trace["mask"]))[1][1:3] == ["1", "0"]


def test_no_word_is_run_as_a_formula_or_breaks_a_row() -> None:
    words = [*TOKENS, "+1", "-1", "@x", "\tx"]
    inputs = matrix(len(words), 2, 0, dtype=torch.float32)
    trace = ONE_QUERY.run(query=inputs[:1], inputs=inputs)
    rows = rows_of(value_csv(Shown("q", "Q", trace, words[:1], words), "scores", trace["scores"]))
    assert len(rows) == 2
    labels = rows[0][1:]
    assert [label.removeprefix("'") for label in labels] == [w.removeprefix("'") for w in words]
    assert not any(label.startswith(("=", "+", "-", "@", "\t", "\r")) for label in labels)


def test_all_values_of_all_runs_are_in_one_file_that_says_what_they_are() -> None:
    table = Table("times", "Times", "Measured once.", ("n", "s"), ((2, 0.25),))
    trace = heads()
    shown = [Shown(name, name, trace, list("abcde"), tables=(table,)) for name in ("one", "two")]
    content = zipped(sheets(shown, [table]))
    archive = zipfile.ZipFile(io.BytesIO(content))
    names = [*trace.inputs, *trace.steps, "times"]
    folders = [f"{run}/{name}.csv" for run in ("one", "two") for name in names]
    assert archive.namelist() == [*folders, "times.csv", "README.txt"]
    assert archive.read("one/weights.csv") == value_csv(shown[0], "weights", trace["weights"])
    assert table_csv(table).decode("utf-8-sig") == "n,s\r\n2,0.25\r\n"
    assert "weights.csv: 2 × 5 × 5, head × query token × key token" in (
        archive.read("README.txt").decode()
    )
    assert zipped(sheets(shown, [table])) == content, "the same numbers make the same file"


def test_the_largest_values_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = heads()
    shown = [Shown("heads", "Heads", trace, list("abcde"))]
    sizes = {name: trace[name].numel() for name in (*trace.inputs, *trace.steps)}
    assert max(sizes.values()) == 50, "two heads of 5 × 5"
    small = {name for name, size in sizes.items() if size < 50}
    monkeypatch.setattr(module, "MOST_NUMBERS", sum(sizes[name] for name in small) + 49)
    archive = zipfile.ZipFile(io.BytesIO(zipped(sheets(shown))))
    assert {*archive.namelist()} == {*(f"heads/{name}.csv" for name in small), "README.txt"}
    said = archive.read("README.txt").decode()
    for name in set(sizes) - small:
        assert f"{name} is left out: 2 × 5 × 5, 50 numbers" in said
    assert f"{len(sizes) - len(small)} large values are left out" in said
    assert ".npz or .safetensors" in said
    monkeypatch.setattr(module, "MOST_NUMBERS", sum(sizes.values()))
    assert (
        "left out"
        not in zipfile.ZipFile(io.BytesIO(zipped(sheets(shown)))).read("README.txt").decode()
    )


def test_512_tokens_of_16_heads_are_made_within_seconds_and_little_memory() -> None:
    query, key, value = (matrix(64, 64, seed, dtype=torch.float32) for seed in range(3))
    inputs = matrix(512, 64, 8, dtype=torch.float32)
    trace = MULTI_HEAD_ATTENTION.run(inputs, query, key, value, 16, query)
    shown = [Shown("heads", "Heads", trace, [f"word{n}" for n in range(512)])]
    began = time.process_time()
    tracemalloc.start()
    content = zipped(sheets(shown))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - began < 30, "tracing takes most of it"
    assert peak < 100_000_000
    assert len(content) < 10_000_000
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert "heads/context.csv" in names
    assert "heads/weights.csv" not in names
