"""The mask hides what comes later, and dropout is torch's."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    MULTI_HEAD_ATTENTION,
    SELF_ATTENTION,
    STACKED_HEADS,
    Trace,
)
from attention_core.dice import dice, kept_weights
from attention_core.masks import causal_mask
from attention_core.parameters import linear_parameters
from attention_core.reference import compare_with_torch
from tests.attention_core import printed
from tests.attention_core.chapter import CausalAttention, X
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import D_IN, TOKENS, apart, several, single

MASKED_WEIGHTS = [
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.5517, 0.4483, 0.0, 0.0, 0.0, 0.0],
    [0.3800, 0.3097, 0.3103, 0.0, 0.0, 0.0],
    [0.2758, 0.2460, 0.2462, 0.2319, 0.0, 0.0],
    [0.2175, 0.1983, 0.1984, 0.1888, 0.1971, 0.0],
    [0.1935, 0.1663, 0.1666, 0.1542, 0.1666, 0.1529],
]
CONTEXT = [
    [-0.4519, 0.2216],
    [-0.5874, 0.0058],
    [-0.6300, -0.0632],
    [-0.5675, -0.0843],
    [-0.5526, -0.0981],
    [-0.5299, -0.1081],
]


def test_the_masked_weights_are_the_books() -> None:
    trace = CAUSAL_SELF_ATTENTION.run(X, **linear_parameters(3, 2, 789))
    assert printed.rounded(trace["weights"].tolist()) == MASKED_WEIGHTS


@pytest.mark.parametrize("bias", [False, True])
def test_the_class_gives_our_numbers(bias: bool) -> None:
    trace = CAUSAL_SELF_ATTENTION.run(X, **linear_parameters(3, 2, 123, bias=bias))
    torch.manual_seed(123)
    theirs = CausalAttention(3, 2, bias=bias)(X).detach()
    torch.testing.assert_close(trace["context"], theirs)
    if not bias:
        assert printed.rounded(trace["context"].tolist()) == CONTEXT


def test_the_steps_in_order() -> None:
    assert CAUSAL_SELF_ATTENTION.run(**single(0)).steps == (
        "queries",
        "keys",
        "values",
        "scores",
        "scaled",
        "masked",
        "weights",
        "dropped",
        "context",
    )


@settings(max_examples=40)
@given(
    st.integers(2, 13),
    st.integers(0, 2**32),
    st.sampled_from([torch.float32, torch.float64]),
    st.booleans(),
    st.data(),
)
def test_no_later_token_changes_an_earlier_context_vector(
    tokens: int, seed: int, dtype: torch.dtype, training: bool, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, tokens - 1))
    one = single(seed, tokens=tokens, dtype=dtype, bias=True)
    heads = several(seed, tokens=tokens, dtype=dtype, bias=True)
    choices: dict[str, Any] = {"dropout": 0.4, "training": training, "seed": 3}
    other = one["inputs"].clone()
    other[place:] = matrix(tokens - place, D_IN, seed + 99, dtype=dtype, size=50.0)
    for mechanism, tensors, more in (
        (CAUSAL_SELF_ATTENTION, one, choices),
        (MULTI_HEAD_ATTENTION, heads, {"n_heads": 3, **choices}),
        (STACKED_HEADS, apart(heads), choices),
    ):
        before = mechanism.run(**tensors, **more)
        after = mechanism.run(**{**tensors, "inputs": other}, **more)
        for name in ("weights", "dropped", "context", before.steps[-1]):
            rows = (..., slice(0, place), slice(None))
            assert torch.equal(before[name][rows], after[name][rows]), name


def test_without_the_mask_it_leaks() -> None:
    one = single(0)
    other = one["inputs"].clone()
    other[-1] += 1
    everybody = torch.ones(TOKENS, TOKENS, dtype=torch.bool)
    before = CAUSAL_SELF_ATTENTION.run(**one, mask=everybody)
    after = CAUSAL_SELF_ATTENTION.run(**{**one, "inputs": other}, mask=everybody)
    assert (before["context"] != after["context"]).any(dim=1).all()
    torch.testing.assert_close(before["context"], SELF_ATTENTION.run(**one)["context"])


def test_masking_before_the_softmax_is_masking_after_it_and_dividing_by_the_sum() -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**single(0))
    weights = torch.softmax(trace["scaled"], dim=-1) * trace["mask"]
    torch.testing.assert_close(trace["weights"], weights / weights.sum(dim=-1, keepdim=True))


def test_who_may_attend_to_nobody_has_no_number() -> None:
    mask = causal_mask(TOKENS)
    mask[3] = False
    trace = CAUSAL_SELF_ATTENTION.run(**single(0), mask=mask)
    assert trace["context"].isnan().all(dim=1).tolist() == [row == 3 for row in range(TOKENS)]
    assert all(check.ok for check in trace.check())
    (check,) = compare_with_torch(trace)
    assert (check.ok, check.route) == (
        True,
        "scaled_dot_product_attention, where it is a number",
    )
    assert trace.explain("weights", 3, 0).formula.endswith("= nan")
    nobody = CAUSAL_SELF_ATTENTION.run(**single(0), mask=torch.zeros_like(mask))
    assert nobody["context"].isnan().all()
    assert all(check.ok for check in nobody.check())
    assert compare_with_torch(nobody) == ()


def test_a_law_holds_of_the_rows_that_are_numbers_and_says_so() -> None:
    mask = causal_mask(TOKENS)
    mask[3] = False
    trace = CAUSAL_SELF_ATTENTION.run(**single(0), mask=mask)
    law = "each row sums to 1, where it is a number"
    assert {c.route: c.ok for c in trace.check("weights")} == {"loops": True, law: True}
    doubled = trace["weights"].clone()
    doubled[5] *= 2
    tensors = {name: trace[name] for name in trace.names} | {"weights": doubled}
    wrong = Trace(trace.mechanism, tensors)
    assert {c.route: c.ok for c in wrong.check("weights")} == {"loops": False, law: False}
    nobody = CAUSAL_SELF_ATTENTION.run(**single(0), mask=torch.zeros_like(mask))
    assert [c.route for c in nobody.check("weights")] == ["loops"]


def test_a_masked_cell_says_so() -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**single(0))
    told = trace.explain("masked", 1, 4)
    assert told.formula == "may not attend: -∞ = -inf"
    assert [(of, at) for of, at, _ in told.operands] == [("scaled", (1, 4)), ("mask", (1, 4))]
    assert told.operands[1].value == 0.0
    assert trace.explain("masked", 4, 1).formula.startswith("may attend: ")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_is_torchs_own(rate: float) -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**single(0), dropout=rate, training=True, seed=123)
    torch.manual_seed(123)
    theirs = torch.nn.Dropout(rate)(trace["weights"])
    torch.testing.assert_close(trace["dropped"], theirs)
    heads = MULTI_HEAD_ATTENTION.run(**several(0), n_heads=3, dropout=rate, training=True, seed=123)
    torch.manual_seed(123)
    torch.testing.assert_close(heads["dropped"], torch.nn.Dropout(rate)(heads["weights"]))


def test_the_books_example_of_dropout() -> None:
    torch.manual_seed(123)
    theirs = torch.nn.Dropout(0.5)(torch.ones(6, 6))
    assert torch.equal(kept_weights((6, 6), 0.5, 123) * 2.0, theirs)


@pytest.mark.parametrize(
    "choices", [{"dropout": 0.9}, {"dropout": 0.0, "training": True}, {"training": True}]
)
def test_nothing_is_dropped_when_evaluating_or_at_a_rate_of_0(choices: dict[str, Any]) -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**single(0), **choices)
    assert torch.equal(trace["dropped"], trace["weights"])
    assert "kept" not in trace.inputs
    assert trace.explain("dropped", 2, 1).formula.startswith("nothing dropped: ")


def test_what_is_kept_grows() -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**single(0), dropout=0.5, training=True, seed=1)
    kept = trace["kept"]
    assert 0 < int(kept.sum()) < kept.numel()
    assert torch.equal(trace["dropped"][kept], trace["weights"][kept] * 2)
    assert not trace["dropped"][~kept].any()
    torch.testing.assert_close(trace["context"], trace["dropped"] @ trace["values"])


def test_the_mean_of_many_draws_is_the_evaluated_one() -> None:
    one = single(0)
    evaluated = CAUSAL_SELF_ATTENTION.run(**one)["context"]
    draws = [
        CAUSAL_SELF_ATTENTION.run(**one, dropout=0.3, training=True, seed=seed)["context"]
        for seed in range(300)
    ]
    torch.testing.assert_close(torch.stack(draws).mean(dim=0), evaluated, atol=0.25, rtol=0)


def test_seeds_are_local() -> None:
    before = torch.random.get_rng_state()
    one, heads = single(0), several(0)
    first = CAUSAL_SELF_ATTENTION.run(**one, dropout=0.5, training=True, seed=1)
    again = CAUSAL_SELF_ATTENTION.run(**one, dropout=0.5, training=True, seed=1)
    other = CAUSAL_SELF_ATTENTION.run(**one, dropout=0.5, training=True, seed=2)
    compare_with_torch(MULTI_HEAD_ATTENTION.run(**heads, n_heads=3))
    linear_parameters(3, 2, 5, bias=True, out=True)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first["kept"], again["kept"])
    assert not torch.equal(first["kept"], other["kept"])
    assert dice(7).initial_seed() == 7
