"""Products of rows, and what they are divided by."""

from attention_core.arithmetic import Writer
from attention_core.operations import DivideBy


def test_dividing_shows_the_divisor() -> None:
    operation = DivideBy(2.0)
    assert operation.arithmetic((0, 0), [[1.495]], Writer()).text == "1.495 / 2"
