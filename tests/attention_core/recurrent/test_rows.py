"""A row for each word: each place later, and the last."""

import pytest
import torch

from attention_core.recurrent.rows import LastRow, RowBefore
from tests.attention_core.matrices import matrix
from tests.attention_core.recurrent.alone import alone, by_its_line, in_float64

STATES = matrix(5, 3, 1)


def test_before_the_first_word_is_nothing_and_then_the_row_above() -> None:
    trace = alone(RowBefore(), STATES)
    assert torch.equal(trace["made"], torch.cat([torch.zeros(1, 3), STATES[:-1]]))
    assert torch.equal(by_its_line(trace), trace["made"])
    torch.testing.assert_close(in_float64(trace), trace["made"])
    assert all(check.ok for check in trace.check())
    assert trace.explain("made", 0, 1).formula == "nothing was read yet: 0 = 0.0000"
    (above,) = trace.explain("made", 3, 1).operands
    assert above.cell == (2, 1)


def test_the_last_row_is_a_copy_of_the_last_word() -> None:
    trace = alone(LastRow(5), STATES)
    assert torch.equal(trace["made"], STATES[4:])
    assert torch.equal(by_its_line(trace), trace["made"])
    torch.testing.assert_close(in_float64(trace), trace["made"])
    assert all(check.ok for check in trace.check())
    (last,) = trace.explain("made", 0, 2).operands
    assert last.cell == (4, 2)


def test_a_last_row_of_another_number_of_words_is_refused() -> None:
    with pytest.raises(ValueError, match="made"):
        alone(LastRow(4), STATES)
