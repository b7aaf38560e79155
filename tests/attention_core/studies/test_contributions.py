"""What each head gives to the output: it adds up, and is what is lost without the head."""

import pytest
import torch

from attention_core import MULTI_HEAD_ATTENTION
from attention_core.studies.contributions import check_contributions, contributions
from tests.attention_core import runs
from tests.attention_core.runs import D_HEAD, HEADS, RUNS, several


@pytest.mark.parametrize("name", [name for name in RUNS if "heads" in name or "stacked" in name])
def test_the_heads_add_up_to_the_output(name: str) -> None:
    trace = RUNS[name]
    n_rows, n_columns = trace["output"].shape
    for row in range(n_rows):
        for column in range(0, n_columns, 5):
            parts = contributions(trace, row, column)
            assert parts.shape == (HEADS,)
            bias = trace["b_out"][0, column] if "b_out" in trace.inputs else 0.0
            torch.testing.assert_close(parts.sum() + bias, trace["output"][row, column])
            assert check_contributions(trace, row, column).ok


def test_a_contribution_is_what_is_lost_without_the_head() -> None:
    given = several(0, bias=True)
    trace = MULTI_HEAD_ATTENTION.run(**given, n_heads=HEADS)
    off = given["w_out"].clone()
    off[D_HEAD : 2 * D_HEAD] = 0
    without = MULTI_HEAD_ATTENTION.run(**{**given, "w_out": off}, n_heads=HEADS)
    lost = trace["output"][4, 7] - without["output"][4, 7]
    torch.testing.assert_close(contributions(trace, 4, 7)[1], lost)


def test_a_wrong_output_is_found_by_the_heads() -> None:
    trace = MULTI_HEAD_ATTENTION.run(**several(0), n_heads=HEADS)
    trace["output"][4, 7] += 1e-3
    assert not check_contributions(trace, 4, 7).ok
    assert check_contributions(trace, 4, 6).ok


def test_what_has_no_heads_has_no_contributions() -> None:
    with pytest.raises(ValueError, match="contributions are those of heads to an output; got"):
        contributions(RUNS["self"], 0, 0)
    with pytest.raises(IndexError, match=r"output has shape \(7, 33\); there is no cell \(7, 0\)"):
        contributions(RUNS["heads"], 7, 0)


def test_contributions_follow_own_numbers() -> None:
    trace = MULTI_HEAD_ATTENTION.run(**runs.several(0), n_heads=runs.HEADS)
    own = trace.mechanism.with_overrides({"concatenated": {(2, 4): 3.0}, "output": {(0, 0): 1.0}})
    after = own.run(**trace.inputs)
    assert check_contributions(after, 2, 1).ok
    change = contributions(after, 2, 1) - contributions(trace, 2, 1)
    assert [bool(part) for part in change] == [True, False, False]
    with pytest.raises(ValueError, match=r"output\[0, 0\] is a number of yours"):
        contributions(after, 0, 0)
