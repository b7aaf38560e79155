"""The next state of a cell, as torch has it, and the laws it obeys."""

import pytest
import torch
from torch import Tensor

from attention_core import Trace
from attention_core.operations import Operation
from attention_core.recurrent.states import Blend, KeepAndAdd, ShowCell
from tests.attention_core.matrices import matrix
from tests.attention_core.recurrent.alone import alone, by_its_line, in_float64

GATE, OTHER_GATE = torch.sigmoid(matrix(5, 3, 1)), torch.sigmoid(matrix(5, 3, 2))
BEFORE, CANDIDATE = matrix(5, 3, 3), torch.tanh(matrix(5, 3, 4))
CASES: dict[str, tuple[Operation, tuple[Tensor, ...], Tensor]] = {
    "an LSTM's cell": (
        KeepAndAdd(),
        (GATE, BEFORE, OTHER_GATE, CANDIDATE),
        GATE * BEFORE + OTHER_GATE * CANDIDATE,
    ),
    "what it shows": (ShowCell(), (GATE, BEFORE), GATE * torch.tanh(BEFORE)),
    "a GRU's state": (
        Blend(),
        (GATE, CANDIDATE, BEFORE),
        (1 - GATE) * CANDIDATE + GATE * BEFORE,
    ),
}
each = pytest.mark.parametrize(("operation", "operands", "expected"), CASES.values(), ids=CASES)


@each
def test_it_is_what_torch_computes(
    operation: Operation, operands: tuple[Tensor, ...], expected: Tensor
) -> None:
    trace = alone(operation, *operands)
    assert torch.equal(trace["made"], expected)
    assert torch.equal(by_its_line(trace), expected)
    torch.testing.assert_close(in_float64(trace), expected)
    assert all(check.ok for check in trace.check())


@pytest.mark.parametrize(
    ("case", "law"),
    [
        ("an LSTM's cell", "no cell grows by more than 1 at a word"),
        ("what it shows", "no value is beyond ±1"),
        ("a GRU's state", "every state lies between the candidate and the state before"),
    ],
)
def test_a_state_too_large_breaks_its_law(case: str, law: str) -> None:
    operation, operands, _ = CASES[case]
    trace = alone(operation, *operands)
    spoilt = trace["made"].clone()
    spoilt[4, 1] = float(BEFORE.abs().max()) + 2
    found = Trace(trace.mechanism, {**trace.inputs, "made": spoilt}).check()
    assert [check.ok for check in found if check.route == law] == [False]
