"""Each operation is written down twice: spoil either writing, and the check goes red."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from attention_core import Trace
from attention_core.operations import Operation
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
