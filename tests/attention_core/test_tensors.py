"""What may go into a mechanism, and the words for what may not."""

import pytest
import torch

from attention_core.tensors import require_cell, require_mask, require_numbers
from tests.attention_core import printed

EXPECTED = "inputs must be a non-empty float tensor with 2 axes and finite values; got "


@pytest.mark.parametrize(
    ("given_value", "came"),
    [
        (printed.X, "list"),
        (torch.tensor(printed.X).numpy(), "ndarray"),
        (None, "NoneType"),
        (torch.ones(2, 3, dtype=torch.int64), r"dtype torch\.int64"),
        (torch.ones(2, 3, dtype=torch.bool), r"dtype torch\.bool"),
        (torch.ones(2, 3, dtype=torch.complex64), r"dtype torch\.complex64"),
        (torch.tensor(1.0), r"shape \(\)"),
        (torch.ones(3), r"shape \(3,\)"),
        (torch.ones(2, 3, 5), r"shape \(2, 3, 5\)"),
        (torch.ones(0, 3), r"shape \(0, 3\)"),
        (torch.ones(2, 0), r"shape \(2, 0\)"),
        (torch.tensor([[1.0, 2.0], [3.0, float("nan")]]), r"nan at \(1, 1\)"),
        (torch.tensor([[1.0, float("inf")]]), r"inf at \(0, 1\)"),
        (torch.tensor([[float("-inf"), 1.0]]), r"-inf at \(0, 0\)"),
    ],
    ids=str,
)
def test_what_is_no_matrix_of_numbers_is_refused(given_value: object, came: str) -> None:
    with pytest.raises(ValueError, match=f"^{EXPECTED}{came}$"):
        require_numbers("inputs", given_value)


def test_what_is_one_comes_back_as_it_is() -> None:
    numbers, mask = torch.tensor(printed.X, dtype=torch.float16), torch.eye(3, dtype=torch.bool)
    assert require_numbers("inputs", numbers) is numbers
    assert require_numbers("inputs", numbers[None], 3).shape == (1, 6, 3)
    assert require_mask("mask", mask) is mask


def test_finite_numbers_whose_sum_is_not_are_taken() -> None:
    large = torch.full((2, 2), 3e38)
    assert require_numbers("inputs", large) is large


@pytest.mark.parametrize(
    ("given_value", "came"),
    [
        ([[True]], "list"),
        (torch.ones(2, 3), r"dtype torch\.float32"),
        (torch.ones(2, dtype=torch.bool), r"shape \(2,\)"),
        (torch.ones(0, 3, dtype=torch.bool), r"shape \(0, 3\)"),
        (torch.ones(2, 3, dtype=torch.bool, device="meta"), r"layout torch\.strided on meta"),
    ],
    ids=str,
)
def test_what_is_no_mask_is_refused(given_value: object, came: str) -> None:
    with pytest.raises(
        ValueError, match=f"^mask must be a .* bool tensor with 2 axes; got {came}$"
    ):
        require_mask("mask", given_value)


@pytest.mark.parametrize("index", [(2, 0), (0, 3), (-1, 0), (0,), (0, 0, 0), ()])
def test_a_cell_that_is_none_is_named(index: tuple[int, ...]) -> None:
    scores = torch.ones(2, 3)
    assert require_cell("scores", scores, [1, 2]) == (1, 2)
    with pytest.raises(IndexError, match=r"scores has shape \(2, 3\); there is no cell \("):
        require_cell("scores", scores, index)
