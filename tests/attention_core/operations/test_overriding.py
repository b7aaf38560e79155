"""Own numbers in a step: what comes after follows, what comes before does not notice."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    MULTI_HEAD_ATTENTION,
    ONE_QUERY,
    SELF_ATTENTION,
    SIMPLE_SELF_ATTENTION,
    Trace,
    normalisations,
)
from attention_core.operations import Index, Overridden, Softmax
from attention_core.reference import compare_with_torch
from tests.attention_core import runs
from tests.attention_core.matrices import matrix

DTYPES = (torch.float64, torch.float32)


def every_run(dtype: torch.dtype) -> dict[str, Trace]:
    """Return a run of every mechanism there is."""
    x = matrix(7, 5, 3, dtype=dtype)
    return {
        "simple": SIMPLE_SELF_ATTENTION.run(inputs=x),
        "one query": ONE_QUERY.run(query=x[2:3], inputs=x),
        "normalisations": normalisations(2.0).run(scores=x),
        **runs.all_runs(dtype=dtype),
    }


CASES = [
    (dtype, run, step)
    for dtype in DTYPES
    for run, trace in every_run(dtype).items()
    for step in trace.steps
]
each = pytest.mark.parametrize(("dtype", "run", "step"), CASES)


def corners(trace: Trace, step: str) -> dict[Index, float]:
    """Return own numbers for the first and the last cell of a step."""
    last = tuple(size - 1 for size in trace[step].shape)
    return {(0,) * len(last): 0.9, last: -0.3}


def by_hand(trace: Trace, step: str, cells: dict[Index, float]) -> dict[str, Tensor]:
    """Return every value of a run, numbers put into one step while it is made by hand."""
    values = dict(trace.inputs)
    for declared in trace.mechanism.steps:
        made = declared.operation.compute(*(values[name] for name in declared.of)).clone()
        if declared.name == step:
            for cell, number in cells.items():
                made[cell] = number
        values[declared.name] = made
    return values


def same(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one.nan_to_num(nan=7e7), other.nan_to_num(nan=7e7))


@each
def test_what_comes_before_stays_and_what_comes_after_follows(
    dtype: torch.dtype, run: str, step: str
) -> None:
    before = every_run(dtype)[run]
    cells = corners(before, step)
    after = before.mechanism.with_overrides({step: cells}).run(**before.inputs)
    upstream = before.steps[: before.steps.index(step)]
    for name in (*before.inputs, *upstream):
        assert same(after[name], before[name])
    for name, value in by_hand(before, step, cells).items():
        assert same(after[name], value)
        assert after[name].dtype == value.dtype
    assert not same(after[step], before[step])
    assert [check for check in after.check() if not check.ok] == []


@each
def test_the_code_gives_the_same(dtype: torch.dtype, run: str, step: str) -> None:
    before = every_run(dtype)[run]
    after = before.mechanism.with_overrides({step: corners(before, step)}).run(**before.inputs)
    names: dict[str, Any] = {"torch": torch, **before.inputs}
    exec(after.mechanism.pytorch(), names)
    assert all(same(names[name], after[name]) for name in after.steps)


@each
def test_a_number_of_ones_own_is_explained(dtype: torch.dtype, run: str, step: str) -> None:
    before = every_run(dtype)[run]
    cells = corners(before, step)
    after = before.mechanism.with_overrides({step: cells}).run(**before.inputs)
    own = after.explain(step, *next(iter(cells)))
    assert own.formula.startswith("yours: 0.9 (computed: ")
    assert own.formula.endswith(") = 0.9000")
    beside = (*next(iter(cells))[:-1], 1)
    assert after.explain(step, *beside) == before.explain(step, *beside)


def test_the_words_of_a_number_of_ones_own() -> None:
    x = torch.tensor([[0.5, 1.0], [2.0, 0.0]])
    trace = SIMPLE_SELF_ATTENTION.with_overrides({"scores": {(0, 1): 0.9}}).run(inputs=x)
    assert trace.explain("scores", 0, 1).formula == "yours: 0.9 (computed: 1) = 0.9000"
    assert trace.mechanism.pytorch().splitlines()[:2] == [
        "scores = inputs @ inputs.T",
        "scores[0, 1] = 0.9",
    ]


def test_everything_else_is_the_operations() -> None:
    plain = SIMPLE_SELF_ATTENTION.run(inputs=matrix(7, 5, 0))
    own = plain.mechanism.with_overrides({"scores": {(0, 1): 0.9}}).run(**plain.inputs)
    for step, overridden in zip(plain.mechanism.steps, own.mechanism.steps, strict=True):
        one, other = step.operation, overridden.operation
        assert (one.reads, one.kind, one.roles) == (other.reads, other.kind, other.roles)
        assert one.latex("r", "a", "b") == other.latex("r", "a", "b")
        whole = "" if step.name == "scores" else one.matrix_latex("r", "a", "b")
        assert other.matrix_latex("r", "a", "b") == whole
        assert one.sentence("a", "b") == other.sentence("a", "b")
        assert plain.axes(step.name) == own.axes(step.name)


def test_laws_say_that_they_are_not_about_own_numbers() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(7, 5, 0))
    own = trace.mechanism.with_overrides({"weights": {(0, 1): 5.0}}).run(**trace.inputs)
    routes = {check.route: check.ok for check in own.check("weights")}
    assert routes == {"loops": True, "each row sums to 1, before your numbers": True}


def test_a_wrong_own_number_is_found() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(7, 5, 0))
    own = trace.mechanism.with_overrides({"weights": {(0, 1): 0.9}})
    wrong = Trace(own, {name: trace[name] for name in (*trace.inputs, *trace.steps)})
    assert [check.route for check in wrong.check() if not check.ok] == ["loops"]


def test_gradients_pass_around_own_numbers() -> None:
    x = matrix(5, 3, 0).requires_grad_()
    own = SIMPLE_SELF_ATTENTION.with_overrides({"scores": {(0, 1): 0.9}})
    (none,) = torch.autograd.grad(own.run(inputs=x)["scores"][0, 1], x, allow_unused=True)
    assert none is None or bool((none == 0).all())
    (some,) = torch.autograd.grad(own.run(inputs=x)["scores"][1, 0], x)
    assert float(some.abs().max()) > 0


def test_own_numbers_of_several_steps_come_together() -> None:
    x = matrix(5, 3, 0)
    first = SIMPLE_SELF_ATTENTION.with_overrides({"scores": {(0, 1): 0.5, (0, 2): 0.5}})
    both = first.with_overrides({"scores": {(0, 2): 0.7}, "context": {(4, 0): 2.0}})
    trace = both.run(inputs=x)
    assert dict(trace.overridden) == {
        "scores": frozenset({(0, 1), (0, 2)}),
        "context": frozenset({(4, 0)}),
    }
    assert trace["scores"][0, 1:3].tolist() == [0.5, 0.7]
    operation = both.step("scores").operation
    assert isinstance(operation, Overridden)
    assert not isinstance(operation.operation, Overridden)
    assert dict(first.run(inputs=x).overridden) == {"scores": frozenset({(0, 1), (0, 2)})}


def test_nothing_of_ones_own_is_nothing() -> None:
    assert SIMPLE_SELF_ATTENTION.with_overrides({}) == SIMPLE_SELF_ATTENTION
    assert SIMPLE_SELF_ATTENTION.with_overrides({"scores": {}}) == SIMPLE_SELF_ATTENTION
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(5, 3, 0))
    assert (dict(trace.overridden), dict(trace.detached)) == ({}, {})


def test_what_is_upstream_is_detached() -> None:
    trace = SELF_ATTENTION.run(**runs.single(0))
    own = trace.mechanism.with_overrides({"weights": {(0, 1): 0.5}, "keys": {(0, 0): 1.0}})
    assert dict(own.run(**trace.inputs).detached) == {
        "queries": ("weights",),
        "keys": ("weights",),
        "scores": ("weights",),
        "scaled": ("weights",),
    }
    own = trace.mechanism.with_overrides({"context": {(0, 1): 0.5}, "weights": {(0, 0): 1.0}})
    detached = own.run(**trace.inputs).detached
    assert detached["scores"] == ("weights", "context")
    assert detached["values"] == ("context",)


@pytest.mark.parametrize("cell", [(7, 0), (0, 7), (-1, 0), (0,), (0, 0, 0)])
def test_a_cell_that_does_not_exist_is_named(cell: Index) -> None:
    own = SIMPLE_SELF_ATTENTION.with_overrides({"weights": {cell: 0.5}})
    with pytest.raises(ValueError, match=r"^weights has shape \(7, 7\); there is no cell \(") as it:
        own.run(inputs=matrix(7, 5, 0))
    assert str(cell) in str(it.value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, True, "0.5", None])
def test_what_is_no_finite_number_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match=r"^weights\[0, 2\] must be a finite number; got "):
        SIMPLE_SELF_ATTENTION.with_overrides({"weights": {(0, 2): number}})


def test_an_own_number_where_a_sum_overflows_is_still_held_to_itself() -> None:
    x = torch.tensor([[1e20, 1e20], [1e20, -1e20], [1.0, 2.0]])  # the first two have 1e40 − 1e40
    trace = SIMPLE_SELF_ATTENTION.with_overrides({"scores": {(0, 1): 5.0}}).run(inputs=x)
    assert all(check.ok for check in trace.check("scores"))
    for wrong in (torch.inf, torch.nan, 5.0001):
        scores = trace["scores"].clone()
        scores[0, 1] = wrong
        spoilt = Trace(trace.mechanism, {"inputs": x, "scores": scores})
        assert not all(check.ok for check in spoilt.check("scores")), wrong


def test_the_code_of_a_lone_head_leaves_its_context_as_it_was() -> None:
    x = matrix(5, 3, 1)
    w_query, w_key, w_value = (matrix(3, 2, seed) for seed in (2, 3, 4))
    trace = MULTI_HEAD_ATTENTION.run(x, w_query, w_key, w_value, 1, matrix(2, 2, 5))
    own = trace.mechanism.with_overrides({"concatenated": {(4, 1): 9.0}}).run(**trace.inputs)
    names: dict[str, Any] = {"torch": torch, **own.inputs}
    exec(own.mechanism.pytorch(), names)
    for name in own.steps:
        assert torch.equal(names[name], own[name]), name
    assert torch.equal(own["context"], trace["context"])


def test_a_number_too_large_for_the_dtype_is_refused() -> None:
    own = SIMPLE_SELF_ATTENTION.with_overrides({"scores": {(0, 2): 1e39}})
    own.run(inputs=matrix(7, 5, 0))
    with pytest.raises(ValueError, match=r"^scores has shape \(7, 7\) and dtype torch\.float32"):
        own.run(inputs=matrix(7, 5, 0, dtype=torch.float32))


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="no step 'keys'"):
        SIMPLE_SELF_ATTENTION.with_overrides({"keys": {(0, 0): 1.0}})


@pytest.mark.parametrize("step", ["queries", "weights", "concatenated", "output"])
def test_torchs_own_attention_is_not_asked_about_own_numbers(step: str) -> None:
    trace = MULTI_HEAD_ATTENTION.run(**runs.several(0), n_heads=runs.HEADS)
    own = trace.mechanism.with_overrides({step: corners(trace, step)}).run(**trace.inputs)
    compared = compare_with_torch(own)
    assert [check.step for check in compared] == (["context"] if step == "queries" else [])
    assert all(check.ok for check in compared)


def test_the_check_of_a_large_overridden_step_samples() -> None:
    x = matrix(211, 97, 1)
    own = SIMPLE_SELF_ATTENTION.with_overrides({"scores": {(i, i): 1.0 for i in range(211)}})
    checks = own.run(inputs=x).check("scores", "weights")
    assert all(check.ok for check in checks)
    assert any("float64" in check.route for check in checks)


def test_a_fully_masked_row_can_be_given_numbers() -> None:
    mask = torch.ones(runs.TOKENS, runs.TOKENS, dtype=torch.bool).tril()
    mask[0] = False
    trace = CAUSAL_SELF_ATTENTION.run(**runs.single(0), mask=mask)
    own = trace.mechanism.with_overrides({"weights": {(0, 1): 1.0}}).run(**trace.inputs)
    assert own.explain("weights", 0, 1).formula == "yours: 1 (computed: nan) = 1.0000"
    assert all(check.ok for check in own.check())


def test_the_operation_stays_as_it_was() -> None:
    softmax = Softmax()
    cells: dict[Index, float] = {(0, 1): 0.75}
    own = Overridden(softmax, cells)
    cells[0, 1] = 0.5
    scores = torch.zeros(2, 2)
    outputs = [own.compute(scores) for _ in range(2)]
    assert all(a.equal(b) for a, b in pairwise(outputs))
    assert float(outputs[0][0, 1]) == 0.75
    assert softmax.compute(scores).tolist() == [[0.5, 0.5], [0.5, 0.5]]
