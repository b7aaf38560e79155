"""What cannot be attention is refused: the tensor, what was expected and what came."""

from typing import Any

import pytest
import torch

from attention_core import (
    ADDITIVE_ATTENTION,
    CAUSAL_SELF_ATTENTION,
    CROSS_ATTENTION,
    MULTI_HEAD_ATTENTION,
    RENORMALISED_SELF_ATTENTION,
    SELF_ATTENTION,
    STACKED_HEADS,
    dot_product_attention,
)
from tests.attention_core.runs import additive, apart, between, cross, several, single

ones = torch.ones


def named(value: object) -> str:
    """Return a test's name: the message, not the tensors."""
    return value if isinstance(value, str) else "refused"


FLOAT = "must be a non-empty float tensor with 2 axes and finite values; got"
ONE_HEAD = [
    ({"w_query": ones(4, 3)}, r"^w_query must have shape \(5, d_out\), as inputs has shape "
        r"\(7, 5\); got \(4, 3\)$"),
    ({"w_value": ones(3, 5)}, r"^w_value must have shape \(5, d_out\).*got \(3, 5\)$"),
    ({"w_key": ones(5, 2)}, r"^w_key must be as wide as w_query, which has shape \(5, 3\), .*"
        r"got \(5, 2\)$"),
    ({"w_query": ones(5, 0)}, rf"^w_query {FLOAT} shape \(5, 0\)$"),
    ({"w_value": ones(5, 0)}, rf"^w_value {FLOAT} shape \(5, 0\)$"),
    ({"w_key": ones(3)}, rf"^w_key {FLOAT} shape \(3,\)$"),
    ({"w_key": ones(2, 5, 3)}, rf"^w_key {FLOAT} shape \(2, 5, 3\)$"),
    ({"w_key": ones(5, 3) * torch.inf}, rf"^w_key {FLOAT} inf at \(0, 0\)$"),
    ({"w_key": ones(5, 3, dtype=torch.int64)}, rf"^w_key {FLOAT} dtype torch.int64$"),
    ({"w_key": [[1.0]]}, rf"^w_key {FLOAT} list$"),
    ({"inputs": ones(0, 5)}, rf"^inputs {FLOAT} shape \(0, 5\)$"),
    ({"inputs": None}, rf"^inputs {FLOAT} NoneType$"),
    ({"w_query": None}, rf"^w_query {FLOAT} NoneType$"),
    ({"w_key": ones(5, 3)}, "^all inputs must have one dtype; got .*w_key torch.float32"),
    ({"b_query": ones(2)}, r"^b_query must have shape \(3,\), as w_query has shape \(5, 3\); "
        r"got \(2,\)$"),
    ({"b_value": ones(3)}, r"^b_value must have shape \(2,\), as w_value has shape \(5, 2\)"),
    ({"b_key": ones(1)}, r"^b_key must have shape \(3,\).*got \(1,\)$"),
    ({"b_key": ones(7, 3)}, r"^b_key must have shape \(3,\).*got \(7, 3\)$"),
    ({"b_key": ones(0)}, rf"^b_key {FLOAT} shape \(0,\)$"),
    ({"b_key": "none"}, rf"^b_key {FLOAT} str$"),
]  # fmt: skip
SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"dropout": 1.0}, r"^dropout must be in \[0, 1\).*; got 1.0$"),
    ({"dropout": -0.1}, r"^dropout must be in \[0, 1\).*; got -0.1$"),
    ({"dropout": 1.5, "training": True}, r"^dropout must be in \[0, 1\).*; got 1.5$"),
    ({"dropout": float("nan")}, r"^dropout must be in \[0, 1\).*; got nan$"),
    ({"mask": ones(6, 7, dtype=torch.bool)}, r"^mask must have shape \(7, 7\), one row per query "
        r"and one column per key; got \(6, 7\)$"),
    ({"mask": ones(1, 7, dtype=torch.bool)}, r"^mask must have shape \(7, 7\).*got \(1, 7\)$"),
    ({"mask": ones(7, 7)}, "^mask must be a non-empty bool tensor with 2 axes; got dtype "
        "torch.float32$"),
    ({"mask": ones(3, 7, 7, dtype=torch.bool)}, r"^mask must be .* 2 axes; got shape \(3, 7, 7\)$"),
    ({"mask": [[True]]}, "^mask must be .*; got list$"),
    ({"dropout": 0.5, "training": True, "seed": -1}, "^seed must be a whole number from 0 .*-1$"),
    ({"dropout": 0.5, "training": True, "seed": 0.5}, "^seed must be a whole number .*got 0.5$"),
]  # fmt: skip
MASKS = [(change, message) for change, message in SETTINGS if "mask" in change]
HEADS: list[tuple[dict[str, Any], str]] = [
    ({"n_heads": 2}, r"^d_out must be divisible by n_heads; got w_query of shape \(5, 33\), so "
        r"d_out = 33, and n_heads = 2$"),
    ({"n_heads": 34}, "^d_out must be divisible by n_heads"),
    ({"n_heads": 0}, "^n_heads must be a whole number from 1; got 0$"),
    ({"n_heads": -3}, "^n_heads must be a whole number from 1; got -3$"),
    ({"n_heads": 3.0}, r"^n_heads must be a whole number from 1; got 3\.0$"),
    ({"w_value": ones(5, 31)}, r"^d_out must be divisible by n_heads; got w_value of shape "
        r"\(5, 31\)"),
    ({"w_out": ones(31, 33)}, r"^w_out must have shape \(33, d_out\), as the heads are 33 wide "
        r"together; got \(31, 33\)$"),
    ({"w_out": None}, rf"^w_out {FLOAT} NoneType$"),
    ({"b_out": ones(5)}, r"^b_out must have shape \(33,\), as w_out has shape \(33, 33\); "
        r"got \(5,\)$"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), ONE_HEAD, ids=named)
def test_one_head(change: dict[str, Any], message: str) -> None:
    for mechanism in (SELF_ATTENTION, CAUSAL_SELF_ATTENTION, RENORMALISED_SELF_ATTENTION):
        with pytest.raises(ValueError, match=message):
            mechanism.run(**{**single(0), **change})


@pytest.mark.parametrize(("change", "message"), SETTINGS, ids=named)
def test_settings(change: dict[str, Any], message: str) -> None:
    heads = several(0)
    with pytest.raises(ValueError, match=message):
        CAUSAL_SELF_ATTENTION.run(**single(0), **change)
    with pytest.raises(ValueError, match=message):
        MULTI_HEAD_ATTENTION.run(**heads, n_heads=3, **change)
    with pytest.raises(ValueError, match=message):
        STACKED_HEADS.run(**apart(heads), **change)


@pytest.mark.parametrize(("change", "message"), HEADS, ids=named)
def test_heads(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MULTI_HEAD_ATTENTION.run(**{**several(0), "n_heads": 3, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w_query": ones(5, 3)}, r"^w_query must be .* with 3 axes .*got shape \(5, 3\)$"),
        ({"w_key": ones(2, 5, 11)}, r"^w_key must have as many heads as w_query, which has shape "
            r"\(3, 5, 11\); got \(2, 5, 11\)$"),
        ({"w_value": ones(3, 4, 11)}, r"^w_value must have shape \(n_heads, 5, d_head\), as "
            r"inputs has shape \(7, 5\); got \(3, 4, 11\)$"),
        ({"w_value": [ones(5, 2), ones(5, 3)]}, r"^w_value\[1\] must have shape \(5, 2\), as "
            r"w_value\[0\] has; got \(5, 3\)$"),
        ({"w_value": []}, "^w_value must have at least one head; got none$"),
        ({"b_key": ones(11)}, r"^b_key must be .* 3 axes .*got shape \(11,\)$"),
        ({"b_key": ones(3, 2)}, r"^b_key must have shape \(3, 11\).*got \(3, 2\)$"),
        ({"w_out": None, "b_out": ones(33)}, "^b_out is added to a product with w_out"),
    ],
    ids=named,
)  # fmt: skip
def test_stacked_heads(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        STACKED_HEADS.run(**{**apart(several(0)), **change})


@pytest.mark.parametrize(("change", "message"), MASKS, ids=named)
def test_masks_of_the_other_way(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RENORMALISED_SELF_ATTENTION.run(**single(0), **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w_query": ones(4, 3)}, r"^w_query must have shape \(5, d_attn\), as queries has shape "
            r"\(7, 5\); got \(4, 3\)$"),
        ({"w_key": ones(5, 3)}, r"^w_key must have shape \(11, d_attn\), as keys has shape "
            r"\(13, 11\); got \(5, 3\)$"),
        ({"w_key": ones(11, 2)}, r"^w_key must be as wide as w_query, which has shape \(5, 3\), "
            r"for projected queries and keys to be added; got \(11, 2\)$"),
        ({"values": ones(11, 2)}, r"^values must have shape \(13, d_value\), a value for each key, "
            r"as keys has shape \(13, 11\); got \(11, 2\)$"),
        ({"v": ones(2)}, r"^v must have shape \(3,\), as w_query has shape \(5, 3\); got "
            r"\(2,\)$"),
        ({"v": ones(3, 1)}, r"^v must have shape \(3,\).*got \(3, 1\)$"),
        ({"v": ones(1, 3, 1)}, rf"^v {FLOAT} shape \(1, 3, 1\)$"),
        ({"v": ones(0)}, rf"^v {FLOAT} shape \(0,\)$"),
        ({"v": 1.0}, rf"^v {FLOAT} float$"),
        ({"v": ones(3) * torch.nan}, rf"^v {FLOAT} nan at \(0, 0\)$"),
        ({"v": ones(3)}, "^all inputs must have one dtype; got .*v torch.float32"),
        ({"queries": ones(0, 5)}, rf"^queries {FLOAT} shape \(0, 5\)$"),
        ({"keys": None}, rf"^keys {FLOAT} NoneType$"),
        ({"values": ones(13)}, rf"^values {FLOAT} shape \(13,\)$"),
        ({"w_query": ones(5, 0)}, rf"^w_query {FLOAT} shape \(5, 0\)$"),
    ],
    ids=named,
)  # fmt: skip
def test_additive(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ADDITIVE_ATTENTION.run(**{**additive(0), **change})


def test_v_is_never_stretched() -> None:
    trace = ADDITIVE_ATTENTION.run(**additive(0))
    for wrong in (ones(2, 3), ones(1, 1)):
        shape = r", ".join(map(str, wrong.shape))
        message = rf"^scores cannot be made: v \({shape}\) and .* do not fit$"
        with pytest.raises(ValueError, match=message):
            trace.mechanism.run(**{**trace.inputs, "v": wrong.double()})


def test_dot_products_between_widths_that_differ() -> None:
    message = r"^scores cannot be made: queries \(7, 5\) and keys \(13, 11\) do not fit$"
    with pytest.raises(ValueError, match=message):
        dot_product_attention().run(**{**between(0), "keys": additive(0)["keys"]})
    with pytest.raises(ValueError, match=r"^d_k must be a whole number from 1; got 0$"):
        dot_product_attention(0)


def test_two_sequences() -> None:
    with pytest.raises(ValueError, match=r"^w_key must have shape \(11, d_out\), as key_inputs"):
        CROSS_ATTENTION.run(**{**cross(0), "w_key": ones(5, 3)})
    with pytest.raises(ValueError, match=r"^w_query must have shape \(5, d_out\), as query_inputs"):
        CROSS_ATTENTION.run(**{**cross(0), "w_query": ones(11, 3)})


def test_names_that_are_not_there() -> None:
    with pytest.raises(TypeError, match="mask"):
        SELF_ATTENTION.run(**single(0), mask=ones(7, 7))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="w_value"):
        SELF_ATTENTION.run(ones(2, 2), ones(2, 2), ones(2, 2))  # type: ignore[call-arg, misc]


def test_a_mask_is_never_stretched() -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**single(0))
    narrow = {**trace.inputs, "mask": ones(1, 7, dtype=torch.bool)}
    message = r"masked cannot be made: scaled \(7, 7\) and mask \(1, 7\) do not fit"
    with pytest.raises(ValueError, match=message):
        trace.mechanism.run(**narrow)
