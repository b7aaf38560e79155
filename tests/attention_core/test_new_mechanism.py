"""A new mechanism is one declaration: everything of the core follows from it."""

import pytest
import torch
from torch import Tensor

from attention_core import Trace
from attention_core.export import Shown
from attention_core.export.proof import blocks, script
from attention_core.export.sheets import value_csv
from attention_core.figures import finding, heatmap_spec
from attention_core.operations import Operation
from tests.attention_core.export.proofs import run
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import HEADS, TOKENS, several, some_mask
from tests.new_mechanism import CAPPED, LUKEWARM, Halve, SoftCap

GIVEN = several(0, bias=True)
CHAIN = (
    *("queries", "keys", "values", "scores", "scaled", "capped", "masked"),
    *("weights", "dropped", "context", "concatenated", "output"),
)


@pytest.fixture
def trace() -> Trace:
    """A run with three ideas and five doubts."""
    return LUKEWARM.run(ideas=matrix(3, 2, 0), doubts=matrix(5, 2, 1))


@pytest.fixture
def capped() -> Trace:
    """A run of the mechanism with weights, biases, a mask, dropout and heads."""
    return CAPPED.run(**GIVEN)


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


def split(name: str) -> Tensor:
    """Return queries, keys or values by plain torch, (n_heads, n_tokens, d_head)."""
    projected: Tensor = GIVEN["inputs"] @ GIVEN[f"w_{name}"] + GIVEN[f"b_{name}"]
    return torch.stack(projected.chunk(HEADS, dim=1))


def test_values_of_heads_under_a_mask(capped: Trace) -> None:
    assert capped.steps == CHAIN
    queries, keys, values = (split(name) for name in ("query", "key", "value"))
    scores = 2 * torch.tanh(queries @ keys.mT / queries.shape[-1] ** 0.5 / 2)
    later = torch.ones(TOKENS, TOKENS, dtype=torch.bool).triu(1)
    weights = torch.softmax(scores.masked_fill(later, -torch.inf), dim=-1)
    torch.testing.assert_close(capped["weights"], weights)
    kept = capped["kept"]
    assert 0 < int((~kept).sum()) < kept.numel() / 2
    context = (weights * kept / 0.75) @ values
    joined = torch.cat(list(context), dim=-1)
    torch.testing.assert_close(capped.output, joined @ GIVEN["w_out"] + GIVEN["b_out"])
    mask = some_mask(TOKENS, 3)
    assert torch.equal(CAPPED.run(**GIVEN, mask=mask)["mask"], mask)


def test_checks_of_heads(capped: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {check.step for check in capped.check()} == set(CHAIN)
    assert all(check.ok for check in capped.check())
    monkeypatch.setattr(SoftCap, "by_hand", lambda *args, **more: 0.0)
    assert [check.step for check in capped.check() if not check.ok] == ["capped"]


def test_explanations_of_heads(capped: Trace) -> None:
    told = capped.explain("capped", 2, 4, 1)
    assert told.operands == (("scaled", (2, 4, 1), float(capped["scaled"][2, 4, 1])),)
    assert told.formula.startswith("2·tanh(")
    assert told.formula.endswith(f" / 2) = {told.result:.4f}")
    (operand,) = {of for of, *_ in capped.explain("masked", 2, 4, 1).operands} - {"mask"}
    assert operand == "capped"


def test_figures_of_heads(capped: Trace) -> None:
    words = [f"t{row}" for row in range(TOKENS)]
    for name in capped.names:
        for head in range(HEADS) if capped[name].ndim == 3 else [None]:
            assert heatmap_spec(capped, name, words, head=head)["data"]
    spec = heatmap_spec(capped, "capped", words, head=1)
    assert spec["data"][0]["z"] == capped["capped"][1].tolist()
    layout = spec["layout"]
    assert layout["title"]["text"] == "Capped"
    assert layout["xaxis"]["title"]["text"] == "key token"
    assert layout["xaxis"]["ticktext"] == words


def test_own_numbers_and_a_run_again(capped: Trace) -> None:
    own = capped.mechanism.with_overrides({"capped": {(1, 4, 0): 1.5}}).run(**capped.inputs)
    assert float(own["masked"][1, 4, 0]) == 1.5
    assert torch.equal(own["weights"][1, :4], capped["weights"][1, :4])
    assert not torch.equal(own["weights"][1, 4], capped["weights"][1, 4])
    assert torch.equal(capped.mechanism.run(**capped.inputs).output, capped.output)


def test_code_and_files_of_heads(capped: Trace) -> None:
    assert "capped = 2.0 * torch.tanh(scaled / 2.0)" in capped.mechanism.pytorch().splitlines()
    shown = Shown("capped", "Capped attention", capped, [f"t{row}" for row in range(TOKENS)])
    names = run(script(blocks("Capped attention", [shown])))
    assert all(torch.equal(names[step], capped[step]) for step in CHAIN)
    table = value_csv(shown, "capped", capped["capped"]).decode("utf-8-sig").splitlines()
    assert len(table) == 1 + HEADS * TOKENS
