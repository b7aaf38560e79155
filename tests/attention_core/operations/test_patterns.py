"""Patterns name the cells that are read."""

import math

import pytest
import torch

from attention_core.operations import Index
from attention_core.operations.patterns import cells_read, entries_read, numbers_read


def test_patterns_name_cells() -> None:
    shape = (3, 2)
    assert cells_read("i:", (1, 0), shape) == ((1, 0), (1, 1))
    assert cells_read(":j", (2, 1), shape) == ((0, 1), (1, 1), (2, 1))
    assert cells_read("ij", (2, 1), shape) == ((2, 1),)
    heads = [[[1.0, 2.0]], [[3.0, 4.0]]]
    assert cells_read("i:", (1, 0, 5), (2, 1, 2)) == ((1, 0, 0), (1, 0, 1))
    assert numbers_read("i:", (1, 0, 5), heads) == [3.0, 4.0]


@pytest.mark.parametrize(
    ("pattern", "index", "shape", "cells"),
    [
        ("i:", (4, 1, 0), (3, 2), [(1, 0), (1, 1)]),  # what has no head axis is every head's
        (":j", (1, 0, 2), (2, 2, 3), [(1, 0, 2), (1, 1, 2)]),
        ("h:j", (1, 0, 2), (2, 2, 3), [(1, 0, 2), (1, 1, 2)]),
        ("0j", (5, 2), (1, 3), [(0, 2)]),
        (":[h*13+j]", (2, 0, 5), (2, 39), [(0, 31), (1, 31)]),
        ("[j/13]i[j%13]", (6, 31), (3, 7, 13), [(2, 6, 5)]),
    ],
)
def test_patterns_of_heads_name_cells(
    pattern: str, index: Index, shape: Index, cells: list[Index]
) -> None:
    assert cells_read(pattern, index, shape) == tuple(cells)
    numbers = torch.arange(math.prod(shape), dtype=torch.float64).reshape(shape)
    named = [float(numbers[cell]) for cell in cells]
    assert numbers_read(pattern, index, numbers.tolist()) == named
    assert entries_read(pattern, index, numbers) == named


@pytest.mark.parametrize("pattern", ["k:", "[j", "[h+j]", "i;", "[j/]"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        cells_read(pattern, (0, 0), (1, 1))
