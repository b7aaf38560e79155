"""Each operation is written down twice: spoil either writing, and the check goes red."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from attention_core import Mechanism, Step, Trace
from attention_core.arithmetic import Writer
from attention_core.operations import DivideBy, Index, NaiveSoftmax, Operation, Softmax
from attention_core.operations.patterns import cells_read, entries_read, numbers_read
from tests.attention_core.instances import CLASSES, INSTANCES, alone, enough

each = pytest.mark.parametrize("operation", INSTANCES.values(), ids=INSTANCES)
LARGE = 16  # times: enough multiplications for the loops to check a sample only


def broken(trace: Trace) -> list[str]:
    """Return the routes that disagree."""
    return [check.route for check in trace.check() if not check.ok]


def off_in_one_cell(right: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a route whose very last cell is wrong by a thousandth."""

    def wrong(*args: Any, **more: Any) -> Tensor:
        result = right(*args, **more).clone()
        result[-1, -1] += 1e-3
        return result

    return wrong


def test_every_operation_is_in_some_mechanism() -> None:
    assert len(CLASSES) >= 6
    assert {type(operation) for operation in INSTANCES.values()} == set(CLASSES)


@each
@pytest.mark.parametrize("times", [1, LARGE])
def test_both_routes_agree(operation: Operation, times: int) -> None:
    assert broken(alone(operation, times=times)) == []


@each
def test_a_wrong_compute_is_found(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = type(operation)
    monkeypatch.setattr(cls, "compute", off_in_one_cell(cls.compute))
    assert "loops" in broken(alone(operation))


@each
def test_a_wrong_compute_is_found_in_a_large_step(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls = type(operation)
    monkeypatch.setattr(cls, "compute", off_in_one_cell(cls.compute))
    trace = alone(operation, times=enough(operation))
    assert "float64, all cells" in broken(trace)


@each
def test_a_wrong_float64_route_is_found(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls = type(operation)
    monkeypatch.setattr(cls, "in_float64", off_in_one_cell(cls.in_float64))
    trace = alone(operation, times=enough(operation))
    assert broken(trace) == ["float64, all cells"]


@each
@pytest.mark.parametrize("times", [1, LARGE])
def test_a_wrong_by_hand_is_found(
    operation: Operation, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls = type(operation)
    right = cls.by_hand
    monkeypatch.setattr(cls, "by_hand", lambda *args, **more: right(*args, **more) + 1e-3)
    assert broken(alone(operation, times=times))[0].startswith("loops")


@each
def test_wrong_reads_are_found(operation: Operation) -> None:
    trace = alone(operation)
    swapped = copy.copy(operation)
    swapped.reads = tuple(p.translate(str.maketrans("ij", "ji")) for p in operation.reads)
    wrong = Trace(
        trace.mechanism.with_operation("result", swapped), {**trace.inputs, "result": trace.output}
    )
    assert broken(wrong)


@each
def test_a_route_that_raises_is_red(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(operation), "by_hand", lambda *args, **more: 1 / 0)
    assert broken(alone(operation)) == ["failed: division by zero"]


@each
def test_its_line_of_pytorch_computes_it(operation: Operation) -> None:
    trace = alone(operation)
    names: dict[str, Any] = {"torch": torch, **trace.inputs}
    exec(operation.pytorch("result", *trace.inputs), names)
    assert torch.equal(names["result"], trace.output)


@each
def test_it_has_words_and_a_formula(operation: Operation) -> None:
    trace = alone(operation)
    assert "{value}" in operation.sentence("row", "column")
    assert operation.latex("r", *"abc"[: len(operation.reads)]).startswith("r_")
    assert len(trace.axes("result")) == trace.output.ndim
    assert operation.compute.__doc__


def test_patterns_name_cells() -> None:
    shape = (3, 2)
    assert cells_read("i:", (1, 0), shape) == ((1, 0), (1, 1))
    assert cells_read(":j", (2, 1), shape) == ((0, 1), (1, 1), (2, 1))
    assert cells_read("ij", (2, 1), shape) == ((2, 1),)
    heads = [[[1.0, 2.0]], [[3.0, 4.0]]]
    assert cells_read("i:", (1, 0, 5), (2, 1, 2)) == ((1, 0, 0), (1, 0, 1))
    assert numbers_read("i:", (1, 0, 5), heads) == [3.0, 4.0]


@pytest.mark.parametrize(
    ("pattern", "index", "shape", "cells"),
    [
        ("i:", (4, 1, 0), (3, 2), [(1, 0), (1, 1)]),  # what has no head axis is every head's
        (":j", (1, 0, 2), (2, 2, 3), [(1, 0, 2), (1, 1, 2)]),
        ("h:j", (1, 0, 2), (2, 2, 3), [(1, 0, 2), (1, 1, 2)]),
        ("0j", (5, 2), (1, 3), [(0, 2)]),
        (":[h*13+j]", (2, 0, 5), (2, 39), [(0, 31), (1, 31)]),
        ("[j/13]i[j%13]", (6, 31), (3, 7, 13), [(2, 6, 5)]),
    ],
)
def test_patterns_of_heads_name_cells(
    pattern: str, index: Index, shape: Index, cells: list[Index]
) -> None:
    assert cells_read(pattern, index, shape) == tuple(cells)
    numbers = torch.arange(math.prod(shape), dtype=torch.float64).reshape(shape)
    named = [float(numbers[cell]) for cell in cells]
    assert numbers_read(pattern, index, numbers.tolist()) == named
    assert entries_read(pattern, index, numbers) == named


@pytest.mark.parametrize("pattern", ["k:", "[j", "[h+j]", "i;", "[j/]"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        cells_read(pattern, (0, 0), (1, 1))


@pytest.mark.parametrize("dim", [0, 1, 2, -3])
def test_shares_are_over_keys_or_queries(dim: int) -> None:
    with pytest.raises(ValueError, match="dim must be -1"):
        Softmax(dim=dim)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("score", [-1000, -104, -100, -90, -16, -9.5, 11, 88.5, 89, 710, 1000])
def test_the_naive_softmax_breaks_where_its_dtype_does(score: float, dtype: torch.dtype) -> None:
    naive = Mechanism(("scores",), (Step("shares", NaiveSoftmax(), of=("scores",)),))
    scores = torch.tensor([[score, score / 2, 0.0], [score] * 3], dtype=dtype)
    checks = naive.run(scores=scores).check()
    assert checks[0].route == "loops"
    assert checks[0].ok, checks


def test_dividing_shows_the_divisor() -> None:
    operation = DivideBy(2.0)
    assert operation.arithmetic((0, 0), [[1.495]], Writer()).text == "1.495 / 2"
