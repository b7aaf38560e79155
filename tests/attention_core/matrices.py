"""Random matrices for properties: sizes that are all different, so no swapped axis can pass."""

import torch
from hypothesis import strategies as st
from torch import Tensor

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)

seeds = st.integers(0, 2**32)
sizes = st.lists(st.integers(1, 11), min_size=2, max_size=3, unique=True)


def matrix(
    *sizes_and_seed: int,
    dtype: torch.dtype = torch.float64,
    size: float = 2.0,
) -> Tensor:
    """Return numbers between −size and size, of the sizes before the seed: rows, columns."""
    *shape, seed = sizes_and_seed
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.rand(shape, generator=generator, dtype=torch.float64)
    return ((2 * numbers - 1) * size).to(dtype)


@st.composite
def matrices(
    draw: st.DrawFn, dtypes: tuple[torch.dtype, ...] = FLOATS[:2], size: float = 2.0
) -> Tensor:
    """Draw a matrix whose two sizes differ."""
    n_rows, n_columns, *_ = draw(sizes)
    dtype = draw(st.sampled_from(dtypes))
    return matrix(n_rows, n_columns, draw(seeds), dtype=dtype, size=size)
