"""Parameters are what torch draws after ``torch.manual_seed``, to the last bit."""

from typing import Any

import pytest
import torch
from torch import nn

from attention_core.parameters import (
    additive_parameters,
    linear_parameters,
    rand_parameters,
    stacked_parameters,
)
from tests.attention_core.chapter import (
    HeadsBesideEachOther,
    LinearSelfAttention,
    MultiHeadAttention,
    RandSelfAttention,
)

ROLES = ("query", "key", "value")
sizes = pytest.mark.parametrize(("d_in", "d_out"), [(3, 2), (5, 7), (1, 1), (13, 64)])
seeds = pytest.mark.parametrize("seed", [0, 123, 789, 2**32 + 1])


@seeds
@sizes
def test_rand(d_in: int, d_out: int, seed: int) -> None:
    torch.manual_seed(seed)
    theirs = RandSelfAttention(d_in, d_out)
    for name, tensor in rand_parameters(d_in, d_out, seed).items():
        assert torch.equal(tensor, getattr(theirs, name))


def assert_same(ours: dict[str, torch.Tensor], role: str, linear: nn.Linear) -> None:
    assert torch.equal(ours[f"w_{role}"], linear.weight.T)
    assert (f"b_{role}" in ours) == (linear.bias is not None)
    if linear.bias is not None:
        assert torch.equal(ours[f"b_{role}"], linear.bias)


@seeds
@sizes
@pytest.mark.parametrize("bias", [False, True])
def test_linear(d_in: int, d_out: int, seed: int, bias: bool) -> None:
    torch.manual_seed(seed)
    theirs = LinearSelfAttention(d_in, d_out, bias=bias)
    ours = linear_parameters(d_in, d_out, seed, bias=bias)
    for role in ROLES:
        assert_same(ours, role, getattr(theirs, role))


@seeds
@pytest.mark.parametrize("bias", [False, True])
def test_multi_head(seed: int, bias: bool) -> None:
    torch.manual_seed(seed)
    theirs = MultiHeadAttention(5, 6, 3, bias=bias)
    ours = linear_parameters(5, 6, seed, bias=bias, out=True)
    for role in ROLES:
        assert_same(ours, role, getattr(theirs, role))
    assert_same(ours, "out", theirs.out_proj)


@seeds
@pytest.mark.parametrize("bias", [False, True])
def test_stacked(seed: int, bias: bool) -> None:
    torch.manual_seed(seed)
    theirs = HeadsBesideEachOther(5, 2, 3, bias=bias)
    last = nn.Linear(6, 6)
    ours = stacked_parameters(5, 2, 3, seed, bias=bias, out=True)
    for h, head in enumerate(theirs.heads):
        own = {name: tensor[h] for name, tensor in ours.items() if not name.endswith("_out")}
        for role in ROLES:
            assert_same(own, role, getattr(head, role))
    assert_same(ours, "out", last)


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_parameters_of_no_size(size: Any) -> None:
    with pytest.raises(ValueError, match=r"^d_out must be a whole number from 1; got"):
        rand_parameters(3, size)
    with pytest.raises(ValueError, match=r"^d_in must be a whole number from 1; got"):
        linear_parameters(size, 2)
    with pytest.raises(ValueError, match=r"^n_heads must be a whole number from 1; got"):
        stacked_parameters(3, 2, size)
    with pytest.raises(ValueError, match=r"^d_attn must be a whole number from 1; got"):
        additive_parameters(3, 2, size)
