"""Trainable weights from a seed, as the chapter's classes draw them after ``torch.manual_seed``.

Each function returns what a mechanism's ``run`` takes by name: ``run(inputs, **parameters)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from attention_core.dice import SEED, dice
from attention_core.mechanisms.projections import ROLES

Parameters = dict[str, Any]  # tensors; a ``run`` takes other things by name, too


def rand_parameters(
    d_in: int, d_out: int, seed: int = SEED, *, d_value: int | None = None, out: bool = False
) -> Parameters:
    """Return three matrices of ``torch.rand``, between 0 and 1: query, key, value.

    Args:
        d_in: The width of the embeddings.
        d_out: The width of queries, keys and values.
        seed: Where the draws start.
        d_value: The width of the values, if it is another.
        out: Whether to draw an output projection last, as ``nn.Linear`` does, with its bias.

    Returns:
        ``w_query`` and ``w_key``, (d_in, d_out), and ``w_value``, (d_in, d_value); with an output
        projection ``w_out``, (d_value, d_value), and ``b_out``, (d_value,).

    Raises:
        ValueError: If a width is below 1 or the seed out of range.

    Example:
        >>> rand_parameters(3, 2, seed=123)["w_query"]
        tensor([[0.2961, 0.5166],
                [0.2517, 0.6886],
                [0.0740, 0.8665]])

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.4.1.
    """
    widths = _widths(d_in, d_out, d_value)
    generator = dice(seed)
    drawn = {
        f"w_{role}": torch.rand(d_in, width, generator=generator) for role, width in widths.items()
    }
    return drawn | _mixing(widths["value"], generator, out=out)


def linear_parameters(
    d_in: int,
    d_out: int,
    seed: int = SEED,
    *,
    d_value: int | None = None,
    bias: bool = False,
    out: bool = False,
) -> Parameters:
    """Return what ``nn.Linear`` begins with: query, key, value, each with its bias after it.

    ``nn.Linear`` holds its weight as (d_out, d_in) and multiplies by the transpose; this is the
    transpose. It lies between -1/√d_in and 1/√d_in, and so does the bias.

    Args:
        d_in: The width of the embeddings.
        d_out: The width of queries, keys and values, of all heads together.
        seed: Where the draws start.
        d_value: The width of the values, if it is another.
        bias: Whether the three have a bias.
        out: Whether to draw an output projection last, which always has one.

    Returns:
        ``w_query``, ``w_key`` and ``w_value``, (d_in, d_out); with biases ``b_query``, ``b_key``
        and ``b_value``, (d_out,); with an output projection ``w_out``, (d_out, d_out), and
        ``b_out``, (d_out,).

    Raises:
        ValueError: If a width is below 1 or the seed out of range.

    Example:
        >>> linear_parameters(3, 2, seed=123)["w_query"]
        tensor([[-0.2354,  0.2177],
                [ 0.0191, -0.4919],
                [-0.2867,  0.4232]])

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), sections 3.4.2 and 3.6.2;
        for the initial values He et al., "Delving Deep into Rectifiers" (2015).
    """
    widths = _widths(d_in, d_out, d_value)
    generator = dice(seed)
    drawn = _roles(d_in, widths, generator, bias=bias)
    return drawn | _mixing(widths["value"], generator, out=out)


def stacked_parameters(
    d_in: int, d_head: int, n_heads: int, seed: int = SEED, *, bias: bool = False, out: bool = False
) -> Parameters:
    """Return what separate heads begin with, as ``nn.Linear`` does: head by head, each its three.

    Args:
        d_in: The width of the embeddings.
        d_head: The width of each head.
        n_heads: How many heads.
        seed: Where the draws start.
        bias: Whether the projections have a bias.
        out: Whether to draw an output projection last, which always has one.

    Returns:
        As ``linear_parameters``, with a head axis first: weights (n_heads, d_in, d_head), biases
        (n_heads, d_head); ``w_out`` is (n_heads · d_head, n_heads · d_head).

    Raises:
        ValueError: If a size is below 1 or the seed out of range.

    Example:
        >>> stacked_parameters(3, 2, n_heads=5)["w_key"].shape
        torch.Size([5, 3, 2])

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.6.1.
    """
    _require_sizes(d_in=d_in, d_head=d_head, n_heads=n_heads)
    generator = dice(seed)
    widths = dict.fromkeys(ROLES, d_head)
    heads = [_roles(d_in, widths, generator, bias=bias) for _ in range(n_heads)]
    stacked = {name: torch.stack([head[name] for head in heads]) for name in heads[0]}
    return stacked | _mixing(n_heads * d_head, generator, out=out)


def additive_parameters(
    d_query: int, d_key: int, d_attn: int, seed: int = SEED, *, linear: bool = False
) -> Parameters:
    """Return the weights of an alignment model: for the queries, for the keys, and ``v``.

    Args:
        d_query: The width of the queries.
        d_key: The width of the keys.
        d_attn: The width both are projected to.
        seed: Where the draws start.
        linear: Whether they begin as in ``nn.Linear``, without biases; else as ``torch.rand``.

    Returns:
        ``w_query``, (d_query, d_attn), ``w_key``, (d_key, d_attn), and ``v``, (d_attn,), drawn in
        this order: so the first two are those of ``rand_parameters`` and ``linear_parameters``.

    Raises:
        ValueError: If a width is below 1 or the seed out of range.

    Example:
        >>> additive_parameters(3, 3, 2, seed=123)["v"]
        tensor([0.0756, 0.1966])

    Source:
        Bahdanau, Cho, Bengio, "Neural Machine Translation by Jointly Learning to Align and
        Translate", arXiv 1409.0473 (2014), appendix A.1.2.
    """
    _require_sizes(d_query=d_query, d_key=d_key, d_attn=d_attn)
    generator = dice(seed)
    shapes = {"query": (d_query, d_attn), "key": (d_key, d_attn), "v": (d_attn, 1)}
    drawn: dict[str, Tensor] = {}
    for name, (d_in, d_out) in shapes.items():
        if linear:
            drawn |= _linear(name, d_in, d_out, generator, bias=False)
        else:
            drawn[f"w_{name}"] = torch.rand(d_in, d_out, generator=generator)
    v = drawn.pop("w_v")
    return drawn | {"v": v.flatten()}


def _widths(d_in: int, d_out: int, d_value: int | None) -> dict[str, int]:
    """Return how wide each role is."""
    d_value = d_out if d_value is None else d_value
    _require_sizes(d_in=d_in, d_out=d_out, d_value=d_value)
    return dict.fromkeys(ROLES, d_out) | {"value": d_value}


def _mixing(width: int, generator: torch.Generator, *, out: bool) -> dict[str, Tensor]:
    return _linear("out", width, width, generator) if out else {}


def _roles(
    d_in: int, widths: Mapping[str, int], generator: torch.Generator, *, bias: bool
) -> dict[str, Tensor]:
    """Return the three projections, weights before biases."""
    drawn: dict[str, Tensor] = {}
    for role, width in widths.items():
        drawn |= _linear(role, d_in, width, generator, bias=bias)
    return dict(sorted(drawn.items(), key=lambda item: item[0][0], reverse=True))


def _linear(
    name: str, d_in: int, d_out: int, generator: torch.Generator, *, bias: bool = True
) -> dict[str, Tensor]:
    """Return one projection as ``nn.Linear`` begins: first the weight is drawn, then the bias."""
    weight = torch.empty(d_out, d_in)
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
    drawn = {f"w_{name}": weight.T.contiguous()}
    if bias:
        end = 1 / math.sqrt(d_in)
        drawn[f"b_{name}"] = torch.empty(d_out).uniform_(-end, end, generator=generator)
    return drawn


def _require_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must be a whole number from 1; got {size!r}")
