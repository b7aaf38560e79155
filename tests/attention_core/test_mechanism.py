"""A mechanism and its trace: names lead to values, and the trace owns its numbers."""

import pytest
import torch

from attention_core import SIMPLE_SELF_ATTENTION
from tests.attention_core import printed
from tests.attention_core.matrices import matrix

X = torch.tensor(printed.X)


def test_names_lead_to_values() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert trace.steps == ("scores", "weights", "context")
    assert list(trace.inputs) == ["inputs"]
    assert torch.equal(trace.inputs["inputs"], X)
    assert torch.equal(trace.output, trace["context"])
    assert trace["context"].shape == (6, 3)
    with pytest.raises(KeyError):
        trace["keys"]


def test_a_trace_owns_a_copy() -> None:
    x = X.clone()
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    x[0, 0] = 99
    assert torch.equal(trace["inputs"], X)
    assert all(check.ok for check in trace.check())
    with pytest.raises(TypeError):
        trace.inputs["inputs"] = x  # type: ignore[index]


def test_a_step_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        SIMPLE_SELF_ATTENTION.run(inputs=X).explain("keys", 0, 0)


def test_axes_say_who_asks_and_who_answers() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(5, 3, 0))
    assert trace.axes("inputs") == ("token", "dimension")
    assert trace.axes("scores") == ("query token", "key token")
    assert trace.axes("weights") == ("query token", "key token")
    assert trace.axes("context") == ("query token", "dimension")


def test_a_trace_reads_well() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(5, 3, 0))
    assert repr(trace) == "Trace(inputs (5, 3), scores (5, 5), weights (5, 5), context (5, 3))"
