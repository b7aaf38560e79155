"""Which cells an edit changed, to the last bit."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    MULTI_HEAD_ATTENTION,
    SIMPLE_SELF_ATTENTION,
    Trace,
    normalisations,
)
from attention_core.embeddings import NOTEBOOK_VECTORS
from attention_core.studies.changes import changed_cells, leaks
from tests.attention_core import printed
from tests.attention_core.matrices import FLOATS, matrices, matrix
from tests.attention_core.runs import TOKENS, several, single

X = torch.tensor(printed.X)


@pytest.mark.parametrize("name", ["inputs", "scores", "weights", "context"])
def test_the_same_run_twice_changes_nothing(name: str) -> None:
    before, after = SIMPLE_SELF_ATTENTION.run(inputs=X), SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert not changed_cells(before, after, name).any()


def test_an_edit_of_the_notebook_by_hand() -> None:
    edited = X.clone()
    edited[1, 1] = 0.5
    before, after = (SIMPLE_SELF_ATTENTION.run(inputs=x) for x in (X, edited))
    assert list(NOTEBOOK_VECTORS)[1] == "journey"
    assert changed_cells(before, after, "inputs").nonzero().tolist() == [[1, 1]]
    crossing = {(1, k) for k in range(6)} | {(k, 1) for k in range(6)}
    cells = changed_cells(before, after, "scores").nonzero().tolist()
    assert {(row, column) for row, column in cells} == crossing
    assert bool(changed_cells(before, after, "weights").all())


@given(matrices(dtypes=FLOATS), st.data())
def test_it_is_what_plain_comparison_of_each_number_says(x: Tensor, data: st.DataObject) -> None:
    row, column = (data.draw(st.integers(0, size - 1)) for size in x.shape)
    edited = x.clone()
    edited[row, column] = data.draw(st.floats(-2, 2))
    before, after = (SIMPLE_SELF_ATTENTION.run(inputs=each) for each in (x, edited))
    for name in ("inputs", *after.steps):
        pairs = zip(before[name].flatten().tolist(), after[name].flatten().tolist(), strict=True)
        differ = [was != now and not (math.isnan(was) and math.isnan(now)) for was, now in pairs]
        assert changed_cells(before, after, name).flatten().tolist() == differ


def test_not_a_number_equals_itself_and_nothing_else() -> None:
    broken = normalisations().run(scores=torch.tensor([[1000.0, 0.0, 1000.0]]))
    again = normalisations().run(scores=torch.tensor([[1000.0, 0.0, 1.0]]))
    assert broken["naive"].isnan().tolist() == [[True, False, True]]
    assert again["naive"].isnan().tolist() == [[True, False, False]]
    assert not changed_cells(broken, broken, "naive").any()
    assert changed_cells(broken, again, "naive").tolist() == [[False, False, True]]


def test_every_cell_of_another_shape_is_new() -> None:
    before, after = (SIMPLE_SELF_ATTENTION.run(inputs=matrix(n, 2, 0)) for n in (3, 4))
    assert bool(changed_cells(before, after, "scores").all())
    assert changed_cells(before, after, "scores").shape == (4, 4)


@pytest.mark.parametrize("changed", [0, 2, 6])
def test_leaks_are_the_earlier_cells_that_differ(changed: int) -> None:
    one = single(0)
    other = one["inputs"].clone()
    other[changed, 0] += 1
    everybody = torch.ones(TOKENS, TOKENS, dtype=torch.bool)
    for mask, is_leaky in ((None, False), (everybody, True)):
        before = CAUSAL_SELF_ATTENTION.run(**one, mask=mask)
        after = CAUSAL_SELF_ATTENTION.run(**{**one, "inputs": other}, mask=mask)
        found = leaks(before, after, changed)
        old, new = before["context"].tolist(), after["context"].tolist()
        expected = [
            [old[row][column] != new[row][column] for column in range(2)] for row in range(changed)
        ]
        assert found.tolist() == expected
        assert found.shape == (changed, 2)
        assert bool(found.all()) == (is_leaky or changed == 0)
        assert (before["context"][changed] != after["context"][changed]).any()


def test_leaks_know_heads_and_signs() -> None:
    heads = several(0)
    other = heads["inputs"].clone()
    other[5] *= 2
    before = MULTI_HEAD_ATTENTION.run(**heads, n_heads=3)
    after = MULTI_HEAD_ATTENTION.run(**{**heads, "inputs": other}, n_heads=3)
    found = leaks(before, after, 5)
    assert found.shape == (3, 5, 11)
    assert not found.any()
    plus, minus = (
        Trace(SIMPLE_SELF_ATTENTION, {"context": torch.tensor([[zero, float("nan")], [1.0, 2.0]])})
        for zero in (0.0, -0.0)
    )
    assert leaks(plus, minus, 1).tolist() == [[True, False]]


def test_a_leak_is_of_a_token_there_is() -> None:
    before = CAUSAL_SELF_ATTENTION.run(**single(0))
    with pytest.raises(ValueError, match="changed must be a token from 0 to 6; got 7"):
        leaks(before, before, 7)
    with pytest.raises(ValueError, match=r"of one shape; got \(7, 2\) and \(5, 2\)"):
        leaks(before, CAUSAL_SELF_ATTENTION.run(**single(0, tokens=5)), 1)
