"""The mask after the softmax gives what the mask before it gives, as far as floats can."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_core import CAUSAL_SELF_ATTENTION, RENORMALISED_SELF_ATTENTION, Trace
from attention_core.masks import causal_mask
from attention_core.mechanisms.renormalised_attention import compare_ways
from attention_core.reference import compare_with_torch
from tests.attention_core.runs import TOKENS, single, some_mask


def both(one: dict[str, Any], mask: torch.Tensor | None = None) -> tuple[Trace, Trace]:
    return (
        CAUSAL_SELF_ATTENTION.run(**one, mask=mask),
        RENORMALISED_SELF_ATTENTION.run(**one, mask=mask),
    )


def test_the_steps_in_order() -> None:
    _, trace = both(single(0))
    first = ("queries", "keys", "values", "scores", "scaled")
    assert trace.steps == (*first, "shares", "zeroed", "weights", "context")
    assert torch.equal(trace["mask"], causal_mask(TOKENS))


@settings(max_examples=40)
@given(
    st.sampled_from([1, 2, 3, 5, 11, 13]),
    st.integers(0, 2**32),
    st.sampled_from([torch.float32, torch.float64]),
    st.booleans(),
    st.booleans(),
)
def test_both_ways_are_equal(
    tokens: int, seed: int, dtype: torch.dtype, bias: bool, is_causal: bool
) -> None:
    one = single(seed, tokens=tokens, dtype=dtype, bias=bias)
    before, after = both(one, None if is_causal else some_mask(tokens, seed))
    torch.testing.assert_close(after["weights"], before["weights"], rtol=1e-3, atol=1e-5)
    check = compare_ways(before, after)
    assert check is not None
    assert check.ok, check
    assert check.tolerance < 1e-2
    assert all(check.ok for check in after.check())


def test_the_shares_left_sum_to_less() -> None:
    _, trace = both(single(0))
    sums = trace["zeroed"].sum(dim=1)
    assert (sums[:-1] < 1).all()
    assert float(sums[-1]) == pytest.approx(1)
    torch.testing.assert_close(trace["shares"].sum(dim=1), torch.ones_like(sums))
    (check,) = compare_with_torch(trace)
    assert (check.step, check.ok) == ("context", True)


def test_a_wrong_way_is_found() -> None:
    before, after = both(single(0))
    wrong = after["weights"].clone()
    wrong[-1, 0] += 1e-6
    check = compare_ways(
        before,
        Trace(
            after.mechanism,
            {**after.inputs, **{name: after[name] for name in after.steps}, "weights": wrong},
        ),
    )
    assert check is not None
    assert not check.ok


def test_who_may_attend_to_nobody_has_no_number_in_either_way() -> None:
    mask = causal_mask(TOKENS)
    mask[3] = False
    before, after = both(single(0), mask)
    for trace in (before, after):
        assert trace["weights"].isnan().all(dim=1).tolist() == [row == 3 for row in range(TOKENS)]
        assert all(check.ok for check in trace.check())
    check = compare_ways(before, after)
    assert check is not None
    assert (check.ok, check.route) == (True, "−∞ before the softmax, where it is a number")
    assert after.explain("weights", 3, 0).formula == "0 / (0 + 0 + 0 + 0 + 0 + 0 + 0) = nan"
    assert compare_ways(*both(single(0), torch.zeros_like(mask))) is None


def test_what_the_mask_hides_may_leave_nothing_to_renormalise() -> None:
    """A later token takes so much that the others' shares underflow: 0 / 0, without -∞'s help."""
    one = {name: torch.eye(2) for name in ("inputs", "w_value")}
    one |= {"w_query": torch.full((2, 2), 20.0), "w_key": torch.tensor([[-9.0, 0.0], [0.0, 9.0]])}
    before, after = both(one)
    assert before["weights"][0].tolist() == [1, 0]
    assert after["zeroed"][0].tolist() == [0, 0]
    assert after["weights"][0].isnan().all()
    assert all(check.ok for check in after.check())
    check = compare_ways(before, after)
    assert check is not None
    assert check.ok
