"""Tensors as code: whatever the shape, the dtype and the size, the same bits come back."""

from typing import Any

import pytest
import torch
from torch import Tensor

from attention_core.export.literals import (
    MOST_LISTED,
    READ_BITS,
    READ_NUMBERS,
    compact_code,
    tensor_code,
)

SHAPES = [(MOST_LISTED,), (MOST_LISTED + 1,), (2, 3), (41, 37), (2, 3, 5), (3, 23, 29)]
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool]


def made(code: str) -> Tensor:
    """Return the tensor x of some code."""
    names: dict[str, Any] = {"torch": torch, "inf": torch.inf, "nan": torch.nan}
    exec(f"{READ_NUMBERS}\n{READ_BITS}\n{code}", names)
    found: Tensor = names["x"]
    return found


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_tensor_comes_back_from_its_code(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    tensor = drawn > 0 if dtype == torch.bool else (10 * drawn).to(dtype)
    again = made(compact_code("x", tensor))
    assert (again.shape, again.dtype) == (tensor.shape, dtype)
    assert torch.equal(again, tensor)
    is_listed = tensor.numel() <= MOST_LISTED
    assert ('"""' in compact_code("x", tensor)) is not is_listed


@pytest.mark.parametrize("n", [5, 40])
def test_a_causal_mask_is_one_line_at_any_size(n: int) -> None:
    mask = torch.ones(n, n).tril().bool()
    code = compact_code("x", mask)
    assert code == f"x = torch.ones({n}, {n}, dtype=torch.bool).tril()"
    assert torch.equal(made(code), mask)
    other = mask.clone()
    other[0, 1] = True
    for code_of in (compact_code, tensor_code):
        assert torch.equal(made(code_of("x", other)), other)
