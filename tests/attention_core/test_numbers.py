"""How a number is written in an explanation."""

import pytest

from attention_core.numbers import factor, plain, result_of


@pytest.mark.parametrize(
    ("value", "result", "short"),
    [
        (0.0, "0.0000", "0"),
        (-0.0, "0.0000", "0"),
        (1.0, "1.0000", "1"),
        (0.95440001, "0.9544", "0.9544"),
        (-2.5, "-2.5000", "-2.5"),
        (100.0, "100.0000", "100"),
        (1e-5, "1e-05", "1e-05"),
        (5e-5, "0.0001", "0.0001"),
        (1e6, "1e+06", "1e+06"),
        (float("nan"), "nan", "nan"),
        (float("inf"), "inf", "inf"),
        (float("-inf"), "-inf", "-inf"),
    ],
)
def test_numbers(value: float, result: str, short: str) -> None:
    assert result_of(value) == result
    assert plain(value) == short


def test_a_negative_factor_stands_in_brackets() -> None:
    assert [factor(value) for value in (2.0, -2.0, 0.0, -1e-9)] == ["2", "(-2)", "0", "(-1e-09)"]
