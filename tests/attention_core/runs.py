"""A run of every mechanism with trainable weights: all sizes different, most of them prime."""

from typing import Any

import torch
from torch import Tensor

from attention_core import (
    ADDITIVE_ATTENTION,
    CAUSAL_SELF_ATTENTION,
    CROSS_ATTENTION,
    MULTI_HEAD_ATTENTION,
    RENORMALISED_SELF_ATTENTION,
    SELF_ATTENTION,
    STACKED_HEADS,
    Trace,
    dot_product_attention,
)
from tests.attention_core.matrices import matrix

Given = dict[str, Any]  # tensors, and not settings
TOKENS, D_IN, D_OUT, D_VALUE = 7, 5, 3, 2
HEADS, D_HEAD = 3, 11


def single(
    seed: int,
    *,
    tokens: int = TOKENS,
    dtype: torch.dtype = torch.float64,
    bias: bool = False,
) -> Given:
    """Return inputs and weights of one head, values narrower than queries."""
    given = {
        "inputs": matrix(tokens, D_IN, seed, dtype=dtype),
        "w_query": matrix(D_IN, D_OUT, seed + 1, dtype=dtype),
        "w_key": matrix(D_IN, D_OUT, seed + 2, dtype=dtype),
        "w_value": matrix(D_IN, D_VALUE, seed + 3, dtype=dtype),
    }
    if bias:
        given |= {
            "b_query": matrix(D_OUT, seed + 4, dtype=dtype),
            "b_key": matrix(D_OUT, seed + 5, dtype=dtype),
            "b_value": matrix(D_VALUE, seed + 6, dtype=dtype),
        }
    return given


def several(
    seed: int,
    *,
    tokens: int = TOKENS,
    d_in: int = D_IN,
    heads: int = HEADS,
    d_head: int = D_HEAD,
    dtype: torch.dtype = torch.float64,
    bias: bool = False,
) -> Given:
    """Return inputs and weights of several heads, as one projection to split."""
    width = heads * d_head
    given = {"inputs": matrix(tokens, d_in, seed, dtype=dtype)}
    for place, role in enumerate(("query", "key", "value"), start=1):
        given[f"w_{role}"] = matrix(d_in, width, seed + place, dtype=dtype, size=1.0)
        if bias:
            given[f"b_{role}"] = matrix(width, seed + 10 + place, dtype=dtype)
    given["w_out"] = matrix(width, width, seed + 4, dtype=dtype)
    if bias:
        given["b_out"] = matrix(width, seed + 5, dtype=dtype)
    return given


def apart(given: Given, heads: int = HEADS) -> Given:
    """Return the same weights for separate heads, the head axis first."""
    split = {
        name: tensor.unflatten(-1, (heads, -1)).movedim(-2, 0).contiguous()
        for name, tensor in given.items()
        if name != "inputs" and not name.endswith("_out")
    }
    return given | split


def cross(seed: int, *, dtype: torch.dtype = torch.float64) -> Given:
    """Return two sequences of different length and width, and weights."""
    own = single(seed, dtype=dtype)
    asked = {"key_inputs": matrix(13, D_HEAD, seed + 7, dtype=dtype)}
    return {
        "query_inputs": own["inputs"],
        **asked,
        "w_query": own["w_query"],
        "w_key": matrix(D_HEAD, D_OUT, seed + 8, dtype=dtype),
        "w_value": matrix(D_HEAD, D_VALUE, seed + 9, dtype=dtype),
    }


def between(seed: int, *, dtype: torch.dtype = torch.float64) -> Given:
    """Return queries, keys and values of two sequences, queries and keys equally wide."""
    return {
        "queries": matrix(TOKENS, D_IN, seed + 20, dtype=dtype),
        "keys": matrix(13, D_IN, seed + 21, dtype=dtype),
        "values": matrix(13, D_VALUE, seed + 22, dtype=dtype),
    }


def additive(seed: int, *, dtype: torch.dtype = torch.float64) -> Given:
    """Return the same with keys of another width, and the weights of an alignment model."""
    return {
        **between(seed, dtype=dtype),
        "keys": matrix(13, D_HEAD, seed + 23, dtype=dtype),
        "w_query": matrix(D_IN, D_OUT, seed + 24, dtype=dtype, size=0.3),
        "w_key": matrix(D_HEAD, D_OUT, seed + 25, dtype=dtype, size=0.3),
        "v": matrix(D_OUT, seed + 26, dtype=dtype),
    }


def some_mask(tokens: int, seed: int) -> Tensor:
    """Return a mask of which everybody may attend to somebody."""
    return (matrix(tokens, tokens, seed) > 0) | torch.eye(tokens, dtype=torch.bool)


def all_runs(seed: int = 0, dtype: torch.dtype = torch.float64) -> dict[str, Trace]:
    """Return every mechanism in its variants."""
    heads = several(seed, dtype=dtype)
    with_bias = several(seed, dtype=dtype, bias=True)
    dropping: dict[str, Any] = {"dropout": 0.3, "training": True, "seed": 5}
    one_biased = single(seed, dtype=dtype, bias=True)
    mask = some_mask(TOKENS, seed)
    return {
        "self": SELF_ATTENTION.run(**single(seed, dtype=dtype)),
        "self, biases": SELF_ATTENTION.run(**one_biased),
        "additive": ADDITIVE_ATTENTION.run(**additive(seed, dtype=dtype)),
        "dot product": dot_product_attention().run(**between(seed, dtype=dtype)),
        "scaled dot product": dot_product_attention(D_IN).run(**between(seed, dtype=dtype)),
        "cross": CROSS_ATTENTION.run(**cross(seed, dtype=dtype)),
        "causal": CAUSAL_SELF_ATTENTION.run(**one_biased),
        "masked": CAUSAL_SELF_ATTENTION.run(**one_biased, mask=mask),
        "renormalised": RENORMALISED_SELF_ATTENTION.run(**one_biased, mask=mask),
        "dropped": CAUSAL_SELF_ATTENTION.run(**one_biased, **dropping),
        "heads": MULTI_HEAD_ATTENTION.run(**heads, n_heads=HEADS),
        "heads, biases, dropped": MULTI_HEAD_ATTENTION.run(**with_bias, n_heads=HEADS, **dropping),
        "heads, masked": MULTI_HEAD_ATTENTION.run(**with_bias, n_heads=HEADS, mask=mask),
        "stacked": STACKED_HEADS.run(**apart(heads)),
        "stacked, biases, dropped": STACKED_HEADS.run(**apart(with_bias), **dropping),
    }


RUNS = all_runs()
