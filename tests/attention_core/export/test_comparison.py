"""Code that compares: quiet for the page's own numbers, loud for one that is off."""

import math

import pytest
import torch
from torch import Tensor

from attention_core.export.comparison import CLOSE, VAGUE, comparison
from attention_core.export.literals import READ_NUMBERS
from tests.attention_core.matrices import matrix

X = matrix(5, 3, 1)
TINY = torch.full_like(X, 1e-9)


def holds(code: str, made: Tensor) -> bool:
    """Whether the code takes these numbers for those of the page."""
    try:
        exec(f"{READ_NUMBERS}\n{CLOSE}\n{code}", {"torch": torch, "inf": math.inf, "x": made})
    except AssertionError:
        return False
    return True


def moved(by: float, cell: tuple[int, int] = (4, 2)) -> Tensor:
    changed = X.clone()
    changed[cell] += by
    return changed


def test_the_pages_own_numbers_hold_and_one_that_is_off_does_not() -> None:
    said, code = comparison("x", X, TINY)
    assert said == "What the page showed: x."
    assert holds(code, X)
    assert holds(code, moved(1e-10))
    assert not holds(code, moved(1e-5))
    assert code.endswith(', "x differ"')


def test_each_number_has_an_amount_of_its_own_where_one_share_will_not_do() -> None:
    allowed = TINY.clone()
    allowed[0, 0] = 0.5 * float(X[0, 0].abs())
    said, code = comparison("x", X, allowed)
    assert "much hangs on rounding" in said
    assert holds(code, moved(0.4 * float(X[0, 0].abs()), (0, 0)))
    assert not holds(code, moved(1e-5))
    assert float(allowed[0, 0]) > VAGUE * float(X[0, 0].abs())


def test_nothing_but_rounding_is_shown_and_not_compared() -> None:
    said, code = comparison("x", X, torch.full_like(X, math.inf))
    assert "no two computers need to agree" in said
    assert holds(code, 2 * X)
    assert not holds(code, X[:4])


@pytest.mark.parametrize("cell", [(0, 0), (17, 3), (299, 40)])
def test_of_many_numbers_some_and_each_rows_sum_are_compared(cell: tuple[int, int]) -> None:
    large = matrix(300, 41, 2)
    _, code = comparison("x", large, torch.full_like(large, 1e-9), is_partial=True)
    assert "# Every 13th number, and the sum of each row" in code
    assert holds(code, large)
    wrong = large.clone()
    wrong[cell] += 1e-3
    assert not holds(code, wrong)


def test_comments_stand_beside_their_rows() -> None:
    _, code = comparison("x", X, TINY, [f"'word {row}'" for row in range(5)])
    assert [line.rpartition("  # ")[2] for line in code.splitlines()[1:6]] == [
        f"'word {row}'" for row in range(5)
    ]
