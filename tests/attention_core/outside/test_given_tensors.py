"""Tensors that somebody brings along: what is computed of them, and what is refused."""

import math

import pytest
import torch
from torch import Tensor

from attention_core.outside.given_tensors import trace_of
from attention_core.outside.guesses import PROJECTIONS, cleaned
from attention_core.outside.work import TooMuchError
from tests.attention_core.outside.drawn import drawn, shares


@pytest.mark.parametrize("heads", [(), (3,)], ids=["plain", "heads"])
@pytest.mark.parametrize("is_scaled", [True, False], ids=["scaled", "bare"])
@pytest.mark.parametrize("is_causal", [True, False], ids=["causal", "open"])
def test_queries_keys_and_values_attend(
    heads: tuple[int, ...], is_scaled: bool, is_causal: bool
) -> None:
    q, k, v = drawn(*heads, 5, 2), drawn(*heads, 7, 2), drawn(*heads, 7, 4)
    trace = trace_of(
        {"queries": q, "keys": k, "values": v}, is_causal=is_causal, is_scaled=is_scaled
    )
    expected = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, is_causal=is_causal, scale=None if is_scaled else 1.0
    )
    torch.testing.assert_close(trace["context"], expected)
    assert all(check.ok for check in trace.check())


def test_heads_share_keys() -> None:
    q, k, v = drawn(6, 5, 2), drawn(3, 5, 2), drawn(3, 5, 4)
    trace = trace_of({"queries": q, "keys": k, "values": v})
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    torch.testing.assert_close(trace["context"], expected)
    assert {"shared_keys", "shared_values"} <= set(trace.mechanism.inputs)


def test_weights_of_the_file_are_held_against_queries_and_keys() -> None:
    q, k = drawn(3, 5, 2), drawn(3, 5, 2)
    right = torch.softmax(q @ k.mT / math.sqrt(2), dim=-1)
    (check,) = trace_of({"queries": q, "keys": k, "weights": right}).compared
    assert check.ok
    wrong = right.clone()
    wrong[2, 4, 1] += 1e-3
    (check,) = trace_of({"queries": q, "keys": k, "weights": wrong}).compared
    assert not check.ok
    assert check.max_difference == pytest.approx(1e-3, rel=1e-2)
    (check,) = trace_of({"queries": q, "keys": k, "weights": right}, is_scaled=False).compared
    assert not check.ok


def test_half_precision_is_held_to_half_precision() -> None:
    q, k = drawn(5, 2).half(), drawn(5, 2).half()
    weights = torch.softmax((q @ k.mT).float() / math.sqrt(2), dim=-1).half()
    (check,) = trace_of({"queries": q, "keys": k, "weights": weights}).compared
    assert check.ok


def test_inputs_alone_and_with_projections() -> None:
    x = drawn(5, 3)
    torch.testing.assert_close(
        trace_of({"inputs": x})["context"], torch.softmax(x @ x.mT, dim=-1) @ x
    )
    w = {name: drawn(3, 2) for name in ("w_query", "w_key")}
    trace = trace_of({"inputs": x, **w, "w_value": drawn(3, 4)})
    q, k = x @ w["w_query"], x @ w["w_key"]
    torch.testing.assert_close(trace["weights"], torch.softmax(q @ k.mT / 2**0.5, dim=-1))
    assert trace["context"].shape == (5, 4)


def test_weights_are_taken_as_they_are() -> None:
    weights, values = shares(5, 7), drawn(7, 2)
    assert trace_of({"weights": weights}).steps == ()
    trace = trace_of({"weights": weights, "values": values})
    assert torch.equal(trace["weights"], weights)
    torch.testing.assert_close(trace["context"], weights @ values)


def test_a_mask_that_leaves_a_row_blank_gives_no_nan() -> None:
    mask = torch.ones(5, 5, dtype=torch.bool)
    mask[2] = False
    trace = trace_of({"queries": drawn(5, 2), "keys": drawn(5, 2), "mask": mask})
    assert not bool(trace["weights"].isnan().any())
    assert float(trace["weights"][2].sum()) == 0


def test_dtypes_are_widened() -> None:
    trace = trace_of({"queries": drawn(5, 2).half(), "keys": drawn(5, 2).double()})
    assert trace["weights"].dtype == torch.float64
    assert cleaned("n", torch.tensor([[1, 2]])).dtype == torch.float32
    assert cleaned("n", torch.tensor([[2**24 + 1]])).tolist() == [[2**24 + 1]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"queries": drawn(5, 2), "keys": drawn(5, 3)}, "equally wide"),
        ({"queries": drawn(3, 5, 2), "keys": drawn(2, 5, 2)}, "heads"),
        ({"queries": drawn(3, 5, 2), "keys": drawn(5, 2)}, "heads"),
        ({"queries": drawn(5, 2), "keys": drawn(5, 2), "values": drawn(7, 2)}, "for each key"),
        ({"queries": drawn(5, 2), "keys": drawn(5, 2), "weights": shares(5, 7)}, "of the file"),
        ({"weights": shares(5, 7), "values": drawn(5, 2)}, "as they have columns"),
        (
            {"queries": drawn(5, 2), "keys": drawn(5, 2), "mask": torch.ones(5, 7).bool()},
            "must have shape",
        ),
        (
            {"inputs": drawn(5, 3), **dict.fromkeys(("w_query", "w_key", "w_value"), drawn(2, 3))},
            "nn.Linear keeps the transpose",
        ),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, Tensor], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        trace_of(given)


MUCH = {
    "context of a few weights": {"weights": (512, 512, 1), "values": (512, 1, 1_000)},
    "context of one key": {"queries": (512, 1), "keys": (1, 1), "values": (1, 1_000_000)},
    "keys that heads share": {
        "queries": (512, 1, 1_000),
        "keys": (1, 512, 1_000),
        "values": (1, 512, 3),
    },
    "projections": {"inputs": (512, 5_000), **dict.fromkeys(PROJECTIONS, (5_000, 5_000))},
}


@pytest.mark.parametrize("shapes", MUCH.values(), ids=MUCH)
def test_a_run_that_would_be_too_much_is_refused_before_it_is_made(
    shapes: dict[str, tuple[int, ...]],
) -> None:
    """No tensor here has the memory that its shape says, so a run would show at once."""
    given = {role: torch.zeros(()).expand(shape) for role, shape in shapes.items()}
    with pytest.raises(TooMuchError, match=r"would take [\d,]+ (numbers|products); .* Save fewer"):
        trace_of(given)
