"""A new mechanism is one declaration: everything of the core follows from it."""

import pytest
import torch

from attention_core import Trace
from attention_core.figures import finding, heatmap_spec
from attention_core.operations import Operation
from tests.attention_core.matrices import matrix
from tests.new_mechanism import LUKEWARM, Halve


@pytest.fixture
def trace() -> Trace:
    """A run with three ideas and five doubts."""
    return LUKEWARM.run(ideas=matrix(3, 2, 0), doubts=matrix(5, 2, 1))


def test_values(trace: Trace) -> None:
    expected = torch.softmax(trace["ideas"] @ trace["doubts"].T / 2, dim=-1)
    assert torch.equal(trace.output, expected)


def test_checks(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {check.step for check in trace.check()} == set(trace.steps)
    assert all(check.ok for check in trace.check())
    monkeypatch.setattr(Halve, "by_hand", lambda *args, **more: 0.0)
    assert [check.step for check in trace.check() if not check.ok] == ["half_hearted"]


def test_explanations(trace: Trace) -> None:
    told = trace.explain("half_hearted", 2, 4)
    assert told.operands == (("sympathies", (2, 4), float(trace["sympathies"][2, 4])),)
    assert told.formula.endswith(f"/ 2 = {told.result:.4f}")
    assert {of for of, *_ in trace.explain("sympathies", 2, 4).operands} == {"ideas", "doubts"}


def test_figures(trace: Trace) -> None:
    doubts = [f"doubt {column}" for column in range(5)]
    for name in ("ideas", "doubts", *trace.steps):
        spec = heatmap_spec(trace, name, doubts)
        assert spec["data"][0]["z"] == trace[name].tolist()
        assert finding(trace, name, doubts)
    layout = heatmap_spec(trace, "half_hearted", doubts)["layout"]
    assert layout["title"]["text"] == "Half hearted"
    assert layout["xaxis"]["title"]["text"] == "key token"
    assert layout["xaxis"]["ticktext"] == doubts
    assert layout["yaxis"]["ticktext"] == ["1", "2", "3"]


def test_code_and_formulas() -> None:
    assert LUKEWARM.pytorch().splitlines()[1] == "half_hearted = sympathies / 2"
    assert issubclass(Halve, Operation)
