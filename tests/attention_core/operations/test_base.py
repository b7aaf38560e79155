"""What every operation is built on: overflow as a number format has it, and shapes that fit."""

import math

import pytest
import torch

from attention_core.operations.base import in_sum, overflow, require_fit
from attention_core.rounding import format_of


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_number_overflows_where_its_format_does(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    step = largest * torch.finfo(dtype).eps
    for x in (largest, largest + step / 8, largest + step, -2 * largest, 7.5, math.inf):
        assert overflow(x, largest) == float(torch.tensor(x, dtype=torch.float64).to(dtype)), x
    assert math.isnan(overflow(math.nan, largest))


def test_sums_may_overflow_only_where_their_terms_are_large() -> None:
    kind = format_of(torch.float32)
    assert in_sum(torch.tensor([1e30, 1.0]), kind) is None
    found = in_sum(torch.tensor([1e39, 1.0], dtype=torch.float64), kind)
    assert found is not None
    assert found.tolist() == [True, False]


def test_shapes_that_do_not_fit_are_refused_as_torch_does() -> None:
    require_fit(fits=True)
    with pytest.raises(RuntimeError, match="do not fit"):
        require_fit(fits=False)
