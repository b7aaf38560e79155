"""Pieces of arithmetic: the value is that of the text."""

import math
from decimal import Decimal

import pytest
import torch

from attention_core.arithmetic import Writer, exp, grouped, root, sigmoid, tanh, total, whole
from attention_core.operations import DotProducts
from tests.attention_core.calculator import value


def test_values_of_the_printed_text() -> None:
    write = Writer()
    for piece in (
        write(0.5) - write(-0.25),
        write(-0.5) * write(-3),
        total([write(-1.5), write(2.25) * write(3)]),
        write(1.5) / write(-4),
    ):
        assert value(piece.text) == pytest.approx(Decimal(piece.value))
    assert DotProducts().arithmetic((0, 0), [[-1.0], [0.5]], write).text == "(-1)·0.5"


def test_functions_have_the_value_of_their_text() -> None:
    write = Writer()
    half = write(0.123456)
    assert (half.text, half.value) == ("0.1235", 0.1235)
    for piece, text, expected in (
        (exp(half), "exp(0.1235)", math.exp(0.1235)),
        (tanh(half), "tanh(0.1235)", math.tanh(0.1235)),
        (sigmoid(half), "sigmoid(0.1235)", 1 / (1 + math.exp(-0.1235))),
        (root(2), "√2", math.sqrt(2)),
        (grouped(whole(1) - half) * whole(3), "(1 - 0.1235)·3", 3 * (1 - 0.1235)),
    ):
        assert piece.text == text
        assert piece.value == pytest.approx(expected, rel=1e-15)


def test_a_writer_knows_whether_more_digits_would_show_more() -> None:
    done, more = Writer(), Writer()
    assert (done(float(torch.tensor(0.43))).text, done.is_done) == ("0.43", True)
    assert (more(1 / 3).text, more.is_done) == ("0.3333", False)


def test_dividing_by_zero_is_what_ieee_754_has() -> None:
    one, zero = whole(1), whole(0)
    assert (one / zero).value == math.inf
    assert math.isnan((zero / zero).value)
