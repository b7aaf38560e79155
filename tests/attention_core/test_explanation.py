"""Every cell explains itself, down to the inputs."""

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Trace, normalisations
from attention_core.numbers import result_of
from tests.attention_core import printed
from tests.attention_core.matrices import FLOATS, matrices

X = torch.tensor(printed.X)


def test_the_notebooks_dot_product_in_words() -> None:
    told = SIMPLE_SELF_ATTENTION.run(inputs=X).explain("scores", 1, 0)
    assert told.formula == "0.55·0.43 + 0.87·0.15 + 0.66·0.89 = 0.9544"
    assert round(told.result, 4) == 0.9544
    assert [(name, cell) for name, cell, _ in told.operands[:2]] == [
        ("inputs", (1, 0)),
        ("inputs", (0, 0)),
    ]
    assert [round(value, 2) for *_, value in told.operands] == [0.55, 0.43, 0.87, 0.15, 0.66, 0.89]


@pytest.mark.parametrize(
    ("step", "formula"),
    [
        ("by_sum", "1.4754 / (0.9544 + 1.495 + 1.4754 + 0.8434 + 0.707 + 1.0865) = 0.2249"),
        ("weights", "exp(1.4754) / (exp(0.9544) + exp(1.495) + "),
        ("context", "0.1385·0.89 + 0.2379·0.66 + 0.2333·0.64 + "),
    ],
)
def test_the_other_steps_in_words(step: str, formula: str) -> None:
    trace = ONE_QUERY.run(query=X[1:2], inputs=X)
    assert trace.explain(step, 0, 2).formula.startswith(formula)


def test_negative_operands_stand_in_brackets() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[-1.0, 2.0], [0.5, -0.25]]))
    assert trace.explain("scores", 0, 1).formula == "(-1)·0.5 + 2·(-0.25) = -1.0000"


def same(one: float, other: float) -> bool:
    """Return whether two numbers are equal, or neither is one (float16 overflows early)."""
    return one == other or (math.isnan(one) and math.isnan(other))


def follow(trace: Trace, name: str, cell: tuple[int, ...]) -> set[str]:
    """Return the inputs that a cell ends at, checking each explanation on the way."""
    told = trace.explain(name, *cell)
    assert re.search(rf"[=≈→] {re.escape(result_of(told.result))}($| \()", told.formula)
    assert same(told.result, float(trace[name][cell]))
    if not told.operands:
        return {name}
    assert all(same(value, float(trace[of][at])) for of, at, value in told.operands)
    seen = {(of, at) for of, at, _ in told.operands}
    ends: set[str] = set()
    for of, at in sorted(seen):
        assert of in (*trace.inputs, *trace.steps[: trace.steps.index(name)])
        ends |= follow(trace, of, at)
    return ends


@settings(max_examples=40)
@given(matrices(dtypes=FLOATS).filter(lambda x: x.numel() < 20), st.data())
def test_following_operands_always_ends_at_the_inputs(x: Tensor, data: st.DataObject) -> None:
    for trace in (
        SIMPLE_SELF_ATTENTION.run(inputs=x),
        ONE_QUERY.run(query=x[:1], inputs=x),
        normalisations(2.0).run(scores=x),
    ):
        name = data.draw(st.sampled_from(trace.steps))
        cell = tuple(data.draw(st.integers(0, size - 1)) for size in trace[name].shape)
        assert follow(trace, name, cell) <= set(trace.inputs)


def test_an_input_is_made_of_nothing() -> None:
    told = SIMPLE_SELF_ATTENTION.run(inputs=X).explain("inputs", 1, 2)
    assert (told.formula, told.operands) == ("inputs[1, 2] = 0.6600", ())


@pytest.mark.parametrize("cell", [(), (0,), (0, 0, 0), (6, 0), (0, 6), (-1, 0)])
def test_a_cell_that_is_not_there(cell: tuple[int, ...]) -> None:
    with pytest.raises(IndexError, match=r"scores has shape \(6, 6\); there is no cell"):
        SIMPLE_SELF_ATTENTION.run(inputs=X).explain("scores", *cell)
