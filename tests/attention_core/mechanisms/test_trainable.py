"""What holds for every mechanism with trainable weights: checks, explanations, code, gradients."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attention_core import (
    ADDITIVE_ATTENTION,
    CAUSAL_SELF_ATTENTION,
    CROSS_ATTENTION,
    MULTI_HEAD_ATTENTION,
    SELF_ATTENTION,
    STACKED_HEADS,
    Trace,
)
from tests.attention_core.matrices import FLOATS, seeds
from tests.attention_core.runs import (
    RUNS,
    TOKENS,
    additive,
    all_runs,
    apart,
    cross,
    several,
    single,
    some_mask,
)

each_run = pytest.mark.parametrize("trace", RUNS.values(), ids=RUNS)


def wrong(trace: Trace) -> list[Any]:
    return [check for check in trace.check() if not check.ok]


@settings(max_examples=8)
@given(seeds.map(lambda seed: seed // 2), st.sampled_from(FLOATS))
def test_every_check_is_ok(seed: int, dtype: torch.dtype) -> None:
    for name, trace in all_runs(seed, dtype).items():
        assert wrong(trace) == [], name


@each_run
def test_every_step_is_checked_by_its_loops(trace: Trace) -> None:
    for step in trace.steps:
        assert trace.check(step)[0].route.startswith("loops")


@settings(max_examples=30)
@given(st.sampled_from(list(RUNS)), st.data())
def test_any_cell_is_explained_down_to_the_inputs(name: str, data: st.DataObject) -> None:
    trace = RUNS[name]
    step = data.draw(st.sampled_from(trace.steps))
    cell = tuple(data.draw(st.integers(0, size - 1)) for size in trace[step].shape)
    todo = [(step, cell)]
    seen: set[tuple[str, tuple[int, ...]]] = set()
    while todo:
        at = todo.pop()
        told = trace.explain(at[0], *at[1])
        assert told.result == float(trace[at[0]][at[1]])
        assert all(value == float(trace[of][where]) for of, where, value in told.operands)
        before = {(of, where) for of, where, _ in told.operands} - seen
        seen |= before
        todo += sorted(before)
    assert any(of in trace.inputs and of[:2] not in ("w_", "b_") for of, _ in seen)


@each_run
def test_the_arithmetic_of_an_explanation_comes_out(trace: Trace) -> None:
    for step in trace.steps:
        cell = tuple(size - 1 for size in trace[step].shape)
        formula = trace.explain(step, *cell).formula
        shown, _, result = formula.rpartition(" = ")
        sum_shown = shown.rpartition(" = ")[0] or shown
        sum_shown = sum_shown.rpartition(": ")[2].replace("·", "*")
        for sign, code in (
            ("tanh", "math.tanh"),
            ("√", "math.sqrt"),
            ("exp", "math.exp"),
            ("∞", "math.inf"),
        ):
            sum_shown = sum_shown.replace(sign, code)
        sum_shown = sum_shown.replace("-inf", "-math.inf")
        for width in {part for part in sum_shown.split() if part.startswith("math.sqrt")}:
            number = width.removeprefix("math.sqrt")
            sum_shown = sum_shown.replace(width, f"math.sqrt({number})")
        assert eval(sum_shown, {"math": math}) == pytest.approx(float(result), abs=5e-3), formula


@each_run
def test_its_lines_of_pytorch_compute_it(trace: Trace) -> None:
    names: dict[str, Any] = {"torch": torch, **trace.inputs}
    exec(trace.mechanism.pytorch(), names)
    for step in trace.steps:
        assert torch.equal(names[step], trace[step])


@each_run
def test_its_mechanism_gives_the_same_again(trace: Trace) -> None:
    again = trace.mechanism.run(**trace.inputs)
    for step in trace.steps:
        assert torch.equal(again[step], trace[step])


@each_run
def test_every_axis_has_a_name(trace: Trace) -> None:
    for name in (*trace.inputs, *trace.steps):
        axes = trace.axes(name)
        assert len(axes) == trace[name].ndim
        assert (axes[0] == "head") == (trace[name].ndim == 3)
    for name in {"scores", "scaled", "masked", "weights", "dropped"} & set(trace.steps):
        assert trace.axes(name)[-2:] == ("query token", "key token")
    assert trace.axes("context")[-2:] == ("query token", "dimension")
    assert trace.output.ndim == 2
    assert trace.axes(trace.steps[-1]) == ("query token", "dimension")


@pytest.mark.parametrize("bias", [False, True])
def test_gradients_equal_finite_differences(bias: bool) -> None:
    mask = some_mask(TOKENS, 3)
    dropping: dict[str, Any] = {"dropout": 0.3, "training": True, "mask": mask}
    one, heads = single(1, bias=bias), several(1, heads=2, d_head=2, bias=bias)
    cases = [
        (SELF_ATTENTION, one, {}),
        (CAUSAL_SELF_ATTENTION, one, dropping),
        (MULTI_HEAD_ATTENTION, heads, {"n_heads": 2, **dropping}),
        (STACKED_HEADS, apart(heads, 2), dropping),
        (CROSS_ATTENTION, cross(1), {}),
        (ADDITIVE_ATTENTION, additive(1), {}),
    ]
    for mechanism, tensors, more in cases:
        names = list(tensors)
        leaves = [tensors[name].clone().requires_grad_() for name in names]

        def output(
            *values: Tensor,
            names: list[str] = names,
            mechanism: Any = mechanism,
            more: dict[str, Any] = more,
        ) -> Tensor:
            last: Tensor = mechanism.run(**dict(zip(names, values, strict=True)), **more).output
            return last

        assert torch.autograd.gradcheck(output, leaves)
