"""The softmax Jacobian: three routes to it, and its laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attention_core.studies.gradients import (
    check_jacobian,
    jacobian_by_differences,
    softmax_jacobian,
)

rows = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=13)
temperatures = st.floats(0.05, 100)


def as_row(scores: list[float]) -> torch.Tensor:
    return torch.tensor(scores, dtype=torch.float64)


@given(rows, temperatures)
def test_the_formula_agrees_with_the_differences(scores: list[float], temperature: float) -> None:
    row = as_row(scores)
    check = check_jacobian(softmax_jacobian(row, temperature), row, temperature)
    assert check.ok, check


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=13), temperatures)
def test_the_formula_agrees_with_autograd(scores: list[float], temperature: float) -> None:
    row = as_row(scores)
    by_autograd = torch.autograd.functional.jacobian(  # type: ignore[no-untyped-call]
        lambda x: torch.softmax(x / temperature, dim=-1), row
    )
    torch.testing.assert_close(softmax_jacobian(row, temperature), by_autograd)


@given(rows, temperatures)
def test_rows_and_columns_sum_to_zero(scores: list[float], temperature: float) -> None:
    jacobian = softmax_jacobian(as_row(scores), temperature)
    for dim in (0, 1):
        assert float(jacobian.sum(dim=dim).abs().max()) <= 1e-12 / temperature


@given(rows, temperatures)
def test_no_entry_exceeds_a_quarter_over_the_temperature(
    scores: list[float], temperature: float
) -> None:
    jacobian = softmax_jacobian(as_row(scores), temperature)
    assert float(jacobian.abs().max()) <= 0.25 / temperature * (1 + 1e-12)


def test_a_wrong_jacobian_is_found_out() -> None:
    row = as_row([0.9544, 1.4950, 1.4754])
    wrong = softmax_jacobian(row)
    wrong[2, 0] += 1e-6
    check = check_jacobian(wrong, row)
    assert not check.ok
    assert check.max_difference == pytest.approx(1e-6, rel=1e-2)


def test_forgetting_the_temperature_is_found_out() -> None:
    row = as_row([0.9544, 1.4950, 1.4754])
    assert not check_jacobian(softmax_jacobian(row), row, temperature=2.0).ok


def test_column_j_is_the_answer_to_score_j() -> None:
    """Column j is the answer to score j: seen where the Jacobian's neighbours differ."""
    row = as_row([3.0, 0.0])
    nudged = as_row([3.0, 0.1])
    answer = torch.softmax(nudged, dim=0) - torch.softmax(row, dim=0)
    column = jacobian_by_differences(row)[:, 1] * 0.1
    torch.testing.assert_close(column, answer, rtol=0.1, atol=0)


@pytest.mark.parametrize("scores", [torch.zeros(2, 2), torch.zeros(0), torch.tensor(1.0)])
def test_anything_but_one_row_is_refused(scores: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"scores must be one row, \(n_keys,\), got shape"):
        softmax_jacobian(scores)


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        jacobian_by_differences(as_row([1.0]), 0)
