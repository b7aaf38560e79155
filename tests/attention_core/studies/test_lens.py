"""The gradient lens: autograd and the complex step say the same, of any cell of any mechanism."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    Trace,
    normalisations,
)
from attention_core.studies.gradients import softmax_jacobian
from attention_core.studies.lens import check_sensitivity, sensitivity
from tests.attention_core import printed, runs
from tests.attention_core.matrices import matrix

X = matrix(7, 5, 3)
TRACES: dict[str, Trace] = {
    "simple": SIMPLE_SELF_ATTENTION.run(inputs=X),
    "one query": ONE_QUERY.run(query=X[2:3], inputs=X.abs()),
    "normalisations": normalisations(2.0).run(scores=X.abs()),
    **runs.RUNS,
}
CASES = [(run, step) for run, trace in TRACES.items() for step in trace.steps]


@pytest.mark.parametrize(("run", "step"), CASES)
def test_both_routes_agree_on_a_cell_of_every_step(run: str, step: str) -> None:
    trace = TRACES[run]
    cell = tuple((size - 1) // 2 for size in trace[step].shape)
    if not math.isfinite(float(trace[step][cell])):
        with pytest.raises(ValueError, match="it has no derivative"):
            sensitivity(trace, step, cell)
        return
    found = sensitivity(trace, step, cell)
    assert set(found) == set(trace.inputs) - set(trace.mechanism.masks)
    assert all(tensor.shape == trace[name].shape for name, tensor in found.items())
    check = check_sensitivity(found, trace, step, cell)
    assert check.ok, check
    assert check.tolerance < 1e-4


def fifty(x: Tensor) -> Tensor:
    x = x.clone()
    x[:, 0] = 50.0
    return x


def one_large(x: Tensor) -> Tensor:
    x = x.clone()
    x[1, 0] = 1000.0
    return x


LARGE_AND_SMALL: dict[str, Callable[[Tensor], Tensor]] = {
    "as it is": lambda x: x,
    "ten times larger": lambda x: 10 * x,
    "× 0.001": lambda x: 0.001 * x,
    "one number 1000": one_large,
    "d1 = 50 for all": fifty,
}
NOTEBOOK = torch.tensor(printed.X)


@pytest.mark.parametrize("lab", LARGE_AND_SMALL)
def test_both_routes_agree_however_large_the_numbers(lab: str) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=LARGE_AND_SMALL[lab](NOTEBOOK))
    for cell in itertools.product(range(6), range(3)):
        check = check_sensitivity(sensitivity(trace, "context", cell), trace, "context", cell)
        assert check.ok, (cell, check)


@pytest.mark.parametrize("lab", LARGE_AND_SMALL)
def test_one_wrong_derivative_is_found_however_large_the_numbers(lab: str) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=LARGE_AND_SMALL[lab](NOTEBOOK))
    for cell in ((1, 0), (4, 2)):
        found = sensitivity(trace, "context", cell)["inputs"]
        size = float(found.abs().max())
        for at in (found.abs() > 1e-6 * size).nonzero().tolist():
            wrong = found.clone()
            wrong[tuple(at)] *= 1.001
            assert not check_sensitivity({"inputs": wrong}, trace, "context", cell).ok, (cell, at)


@pytest.mark.parametrize("run", ["self", "heads, masked"])
def test_a_wrong_derivative_is_found(run: str) -> None:
    trace = TRACES[run]
    cell = (0,) * trace.output.ndim
    found = sensitivity(trace, trace.steps[-1], cell)
    found = {name: tensor * 1.01 for name, tensor in found.items()}
    assert not check_sensitivity(found, trace, trace.steps[-1], cell).ok


def test_it_is_the_jacobian_of_softmax() -> None:
    trace = normalisations().run(scores=X)
    found = sensitivity(trace, "weights", (3, 1))["scores"]
    torch.testing.assert_close(found[3], softmax_jacobian(X[3])[1])
    assert int((found != 0).any(dim=1).sum()) == 1


def test_an_input_answers_to_itself_only() -> None:
    found = sensitivity(TRACES["self"], "w_key", (2, 1))
    assert float(found["w_key"][2, 1]) == 1
    assert sum(float(tensor.abs().sum()) for tensor in found.values()) == 1


def test_the_trace_stays_as_it_was() -> None:
    x = matrix(7, 5, 3, dtype=torch.float32).requires_grad_()
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    before = trace["inputs"].clone()
    found = sensitivity(trace, "context", (1, 2))
    assert found["inputs"].dtype == torch.float64
    assert not found["inputs"].requires_grad
    assert torch.equal(trace["inputs"], before)
    assert x.grad is None


def test_without_gradients_around_it_is_the_same() -> None:
    expected = sensitivity(TRACES["simple"], "context", (1, 2))["inputs"]
    with torch.no_grad():
        found = sensitivity(TRACES["simple"], "context", (1, 2))["inputs"]
    assert torch.equal(found, expected)


def test_many_inputs_are_sampled_and_it_says_so() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(53, 11, 0))
    found = sensitivity(trace, "context", (7, 3))
    check = check_sensitivity(found, trace, "context", (7, 3))
    assert check.route == "the complex step, 24 seeded cells of 583"
    assert check.ok


def test_own_numbers_answer_to_nothing() -> None:
    plain = TRACES["self"]
    own = plain.mechanism.with_overrides({"weights": {(2, 3): 0.5}}).run(**plain.inputs)
    assert all(not bool(tensor.any()) for tensor in sensitivity(own, "weights", (2, 3)).values())
    for step, cell in (("weights", (2, 4)), ("context", (2, 1))):
        assert check_sensitivity(sensitivity(own, step, cell), own, step, cell).ok


@pytest.mark.parametrize("step", ["scores", "weights", "context"])
def test_who_may_attend_to_nothing_spoils_no_derivative_of_others(step: str) -> None:
    mask = torch.ones(runs.TOKENS, runs.TOKENS, dtype=torch.bool).tril()
    mask[2] = False
    trace = CAUSAL_SELF_ATTENTION.run(**runs.single(0), mask=mask)
    found = sensitivity(trace, step, (4, 1))
    assert check_sensitivity(found, trace, step, (4, 1)).ok
    if step != "scores":
        with pytest.raises(ValueError, match=rf"{step}\[2, 1\] is nan: it has no derivative"):
            sensitivity(trace, step, (2, 1))


def test_an_overflow_elsewhere_spoils_nothing() -> None:
    trace = normalisations().run(scores=torch.tensor([[800.0, 1.0], [2.0, 1.0]]))
    found = sensitivity(trace, "naive", (1, 0))
    assert check_sensitivity(found, trace, "naive", (1, 0)).ok
    torch.testing.assert_close(found["scores"][1], softmax_jacobian(trace["scores"][1].double())[0])


def test_what_is_masked_has_no_derivative() -> None:
    with pytest.raises(ValueError, match=r"masked\[0, 3\] is -inf"):
        sensitivity(TRACES["causal"], "masked", (0, 3))


def test_bad_questions_are_refused() -> None:
    trace = TRACES["simple"]
    with pytest.raises(IndexError, match=r"scores has shape \(7, 7\); there is no cell \(7, 0\)"):
        sensitivity(trace, "scores", (7, 0))
    with pytest.raises(KeyError):
        sensitivity(trace, "keys", (0, 0))
    with pytest.raises(ValueError, match=r"expected the derivatives for inputs \(7, 5\); got none"):
        check_sensitivity({}, trace, "scores", (0, 0))
