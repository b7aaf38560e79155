"""The chapter's classes as torch modules, in our own words: what a reader of it would run.

Source: Raschka, "Build a Large Language Model (From Scratch)" (2024), sections 3.4 to 3.6.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tests.attention_core import printed

X = torch.tensor(printed.X)


class RandSelfAttention(nn.Module):
    """The first class: three matrices of ``torch.rand``, (d_in, d_out)."""

    def __init__(self, d_in: int, d_out: int) -> None:
        super().__init__()
        self.w_query = nn.Parameter(torch.rand(d_in, d_out))
        self.w_key = nn.Parameter(torch.rand(d_in, d_out))
        self.w_value = nn.Parameter(torch.rand(d_in, d_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return the context vectors."""
        queries, keys, values = x @ self.w_query, x @ self.w_key, x @ self.w_value
        weights = torch.softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), dim=-1)
        return weights @ values


class LinearSelfAttention(nn.Module):
    """The second: three ``nn.Linear``."""

    def __init__(self, d_in: int, d_out: int, *, bias: bool = False) -> None:
        super().__init__()
        self.query = nn.Linear(d_in, d_out, bias=bias)
        self.key = nn.Linear(d_in, d_out, bias=bias)
        self.value = nn.Linear(d_in, d_out, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the context vectors."""
        queries, keys, values = self.query(x), self.key(x), self.value(x)
        weights = torch.softmax(queries @ keys.T / math.sqrt(keys.shape[-1]), dim=-1)
        attended: Tensor = weights @ values
        return attended


class CausalAttention(LinearSelfAttention):
    """The third: what comes later is -inf before the softmax, and weights are dropped."""

    def __init__(self, d_in: int, d_out: int, dropout: float = 0.0, *, bias: bool = False) -> None:
        super().__init__(d_in, d_out, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the context vectors."""
        queries, keys, values = self.query(x), self.key(x), self.value(x)
        later = torch.ones(len(x), len(x)).triu(diagonal=1).bool()
        scores = (queries @ keys.T).masked_fill(later, -torch.inf)
        weights = torch.softmax(scores / math.sqrt(keys.shape[-1]), dim=-1)
        attended: Tensor = self.dropout(weights) @ values
        return attended


class HeadsBesideEachOther(nn.Module):
    """The wrapper: causal heads, each with weights of its own, concatenated."""

    def __init__(self, d_in: int, d_out: int, n_heads: int, *, bias: bool = False) -> None:
        super().__init__()
        self.heads = nn.ModuleList(CausalAttention(d_in, d_out, bias=bias) for _ in range(n_heads))

    def forward(self, x: Tensor) -> Tensor:
        """Return the heads' context vectors side by side."""
        return torch.cat([head(x) for head in self.heads], dim=-1)


class MultiHeadAttention(nn.Module):
    """The last: one projection, split into heads, and an output projection."""

    def __init__(
        self, d_in: int, d_out: int, n_heads: int, dropout: float = 0.0, *, bias: bool = False
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(d_in, d_out, bias=bias)
        self.key = nn.Linear(d_in, d_out, bias=bias)
        self.value = nn.Linear(d_in, d_out, bias=bias)
        self.out_proj = nn.Linear(d_out, d_out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output, (n_tokens, d_out)."""
        queries, keys, values = (
            project(x).unflatten(-1, (self.n_heads, -1)).transpose(0, 1)  # (n_heads, n, d_head)
            for project in (self.query, self.key, self.value)
        )
        later = torch.ones(len(x), len(x)).triu(diagonal=1).bool()
        scores = (queries @ keys.transpose(1, 2)).masked_fill(later, -torch.inf)
        weights = self.dropout(torch.softmax(scores / math.sqrt(keys.shape[-1]), dim=-1))
        joined = (weights @ values).transpose(0, 1).flatten(1)  # (n, d_out)
        output: Tensor = self.out_proj(joined)
        return output
