"""What rows and columns of weights sum to."""

import math

from ui.cards.sums import is_one, rows_vary, summed


def test_the_sums_shown_are_those_that_vary() -> None:
    ones, varying = [1.0] * 65, [float(row) for row in range(65)]
    assert summed(varying, ones)[0] == summed(ones, varying)[0] == 64
    assert summed(ones[:64], varying[:64]) == list(range(64))


def test_a_sum_is_1_but_for_rounding_and_never_where_it_is_no_number() -> None:
    assert [is_one(total) for total in (1.0, 1.0005, 0.9995)] == [True] * 3
    assert [is_one(total) for total in (1.01, 0.0, math.nan)] == [False] * 3
    assert [rows_vary(rows) for rows in ([1.0, 1.0], [1.0, 1.5])] == [False, True]
