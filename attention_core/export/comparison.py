"""Code that holds a value against what the page showed, as near as rounding leaves it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.export.literals import MOST_LISTED, compact_code

PART = 1024  # numbers of a step that is told in part
VAGUE = 1e-3  # a tolerance that is this much of a number is worth a word
CLOSE = '''\
def close(made, expected, allowed):
    """Return whether each number is as near as its own rounding leaves it; NaN equals NaN."""
    same = (made == expected) | (made.isnan() & expected.isnan())
    near = (made.double() - expected.double()).abs() <= allowed
    return made.shape == expected.shape and bool((same | near).all())'''
"""What some of the code calls: it has to stand before."""


def comparison(
    name: str,
    tensor: Tensor,
    allowed: Tensor,
    comments: Sequence[str] = (),
    *,
    is_partial: bool = False,
) -> tuple[str, str]:
    """Return the code that holds a value against the page's, and before it what there is to say.

    Args:
        name: What the value is called in the code.
        tensor: The value, as the page shows it.
        allowed: How far each cell may be off, of the same shape; infinite where nothing can be
            compared.
        comments: What is said of each row.
        is_partial: Whether of many numbers only some are told.

    Example:
        >>> said, code = comparison("x", torch.tensor([[0.5]]), torch.tensor([[1e-6]]))
        >>> said
        'What the page showed: x.'
        >>> print(code.splitlines()[-1])
        assert torch.allclose(x, expected, rtol=2.1e-06, atol=0.0e+00, equal_nan=True), "x differ"
    """
    said = f"What the page showed: {name.replace('_', ' ')}."
    numbers = tensor.detach().double()
    real = numbers.isfinite()
    if bool(allowed.isinf().all()):
        said += (
            " What these are divided by is nothing but rounding errors, so no two computers need "
            "to agree: they are for you to look at."
        )
        code = compact_code("expected", tensor, comments)
        return said, f"{code}\nassert {name}.shape == expected.shape, {_failed(name)}"
    if bool((allowed > VAGUE * numbers.abs())[real & (numbers != 0)].any()):
        said += (
            " In some of these much hangs on rounding: what they are made of is so large that few "
            "digits are left, and another computer may round it otherwise."
        )
    if is_partial and tensor.numel() > MOST_LISTED:
        return said, _of_some(name, tensor, allowed)
    code = compact_code("expected", tensor, comments)
    return said, f"{code}\n{_assert(name, name, 'expected', tensor, allowed)}"


def _of_some(name: str, tensor: Tensor, allowed: Tensor) -> str:
    """Return what holds some of many numbers, and each row's sum, against those of the page."""
    stride = tensor.numel() // PART | 1  # odd, so that it meets every column
    numbers = tensor.detach().flatten()[::stride]
    some = allowed.flatten()[::stride]
    sums, most = _sums(tensor).flatten(), allowed.sum(dim=-1).flatten()
    filled = ".double().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).sum(dim=-1)"
    return "\n".join(
        [
            f"# Every {stride}th number, and the sum of each row (without what is no number).",
            compact_code("expected", numbers.unsqueeze(0)),
            _assert(name, f"{name}.flatten()[::{stride}]", "expected[0]", numbers, some),
            compact_code("expected", sums.unsqueeze(0)),
            _assert(name, f"{name}{filled}.flatten()", "expected[0]", sums, most),
        ]
    )


def _sums(tensor: Tensor) -> Tensor:
    return tensor.detach().double().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).sum(dim=-1)


def _assert(name: str, made: str, expected: str, tensor: Tensor, allowed: Tensor) -> str:
    """Return the assertion: one share of each number if that will do, else an amount for each."""
    if (share := _share(tensor.detach().double(), allowed)) is not None:
        rtol, atol = share
        close = f"rtol={rtol:.1e}, atol={atol:.1e}, equal_nan=True"
        return f"assert torch.allclose({made}, {expected}, {close}), {_failed(name)}"
    powers = (16 * torch.log2(allowed)).ceil()  # 2 to the −∞ is 0
    listed = compact_code("powers", powers).replace(".0", "").replace("powers = ", "", 1)
    return (
        "# How far each may be off is its own matter here: a power of 2, in sixteenths.\n"
        f"allowed = 2.0 ** ({listed} / 16)\n"
        f"assert close({made}, {expected}, allowed), {_failed(name)}"
    )


def _share(numbers: Tensor, allowed: Tensor) -> tuple[float, float] | None:
    """Return the share of each number, and the amount, that allow all what they may be off by.

    None if no such pair is small enough for an error of a hundredth to be found in each.
    """
    real = numbers.isfinite()
    sizes, allowed = numbers[real].abs(), allowed[real]
    is_zero = sizes == 0
    atol = float(allowed[is_zero].max()) if bool(is_zero.any()) else 0.0
    shares = (allowed / sizes)[~is_zero]
    if not shares.numel():
        return (0.0, atol) if math.isfinite(atol) else None
    rtol, smallest = float(shares.max()), float(sizes[~is_zero].min())
    if rtol <= VAGUE and atol <= VAGUE * smallest:
        return rtol * 1.05, atol * 1.05  # they are written with two digits
    return None


def _failed(name: str) -> str:
    return f'"{name} differ"'
