"""Tensors drawn from their own shape."""

import torch
from torch import Tensor


def drawn(*shape: int) -> Tensor:
    """Return normal numbers, the same for the same shape."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def shares(*shape: int) -> Tensor:
    """Return rows that sum to 1."""
    return torch.softmax(drawn(*shape), dim=-1)
