"""Which operand cells a result cell is made of, written as a pattern.

A pattern has one place for each axis of the operand, counted from the last:

========= =========================================================================
``i`` ``j`` the result's row and its column
``h``     the result's head, where it has a head axis (the first of three)
``:``     the whole axis
``0``     this position
``[h*4+j]`` column ``j`` of head ``h``, where heads of 4 columns stand side by side
``[j/4]``   the head that column ``j`` belongs to, the heads being 4 columns wide
``[j%4]``   the column within that head
``[i-1]``   the row before; there is none before the first, and nothing is read
========= =========================================================================

So a dot product's cell (i, j) reads ``("i:", "j:")``, row i of the queries and row j of the keys.
Axes of the operand before those of the pattern are the result's own: the keys of head h make the
scores of head h. An operand that lacks them, such as one mask, is every head's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any

from torch import Tensor

Index = tuple[int, ...]
Shape = tuple[int, ...]
Place = Callable[[Index], int]  # where on an operand's axis, for one result cell

_PLACE = re.compile(r"\[[^]]*]|\d+|[hij:]")
_BESIDE = re.compile(r"\[([hij])\*(\d+)\+([hij])]")
_PART = re.compile(r"\[([hij])([/%])(\d+)]")
_BEFORE = re.compile(r"\[([hij])-(\d+)]")
_AXIS = {"h": 0, "i": -2, "j": -1}


@lru_cache(maxsize=1024)
def _places(pattern: str) -> tuple[Place | None, ...]:
    """Return a place for each axis, None for a whole one.

    Raises:
        ValueError: If it is no such pattern.
    """
    parts = _PLACE.findall(pattern)
    if "".join(parts) != pattern:
        raise ValueError(f"{pattern!r} is no pattern of the cells an operation reads")
    return tuple(None if part == ":" else _place(part) for part in parts)


def _place(part: str) -> Place:
    if part in _AXIS:
        return itemgetter(_AXIS[part])
    if part.isdigit():
        position = int(part)
        return lambda index: position
    if found := _BESIDE.fullmatch(part):
        block, width, within = _AXIS[found[1]], int(found[2]), _AXIS[found[3]]
        return lambda index: index[block] * width + index[within]
    if found := _PART.fullmatch(part):
        axis, size = _AXIS[found[1]], int(found[3])
        if found[2] == "/":
            return lambda index: index[axis] // size
        return lambda index: index[axis] % size
    if found := _BEFORE.fullmatch(part):
        along, back = _AXIS[found[1]], int(found[2])
        return lambda index: index[along] - back
    raise ValueError(f"{part!r} is no place of a pattern")


def cells_read(pattern: str, index: Index, shape: Shape) -> tuple[Index, ...]:
    """Return the operand cells that a pattern names for one result cell.

    Example:
        >>> cells_read("j:", (1, 2), (6, 3))
        ((2, 0), (2, 1), (2, 2))
        >>> cells_read(":[h*4+j]", (1, 0, 2), (3, 8))  # head 1 of a matrix with heads of 4 columns
        ((0, 6), (1, 6), (2, 6))
    """
    places = _places(pattern)
    own = len(shape) - len(places)
    cells: list[Index] = [index[:own]]
    for axis, place in enumerate(places, start=own):
        along = range(shape[axis]) if place is None else (place(index),)
        cells = [(*cell, position) for cell in cells for position in along if position >= 0]
    return tuple(cells)


def ranges_read(pattern: str, index: Index, shape: Shape) -> tuple[range, ...]:
    """Return the cells of ``cells_read`` as a range for each axis: however many, no list of them.

    Example:
        >>> ranges_read("j:", (1, 2), (6, 3))
        (range(2, 3), range(0, 3))
        >>> ranges_read("[i-1]j", (0, 2), (6, 3))
        (range(0, 0), range(2, 3))
    """
    places = _places(pattern)
    own = len(shape) - len(places)
    found = [range(at, at + 1) for at in index[:own]]
    for axis, place in enumerate(places, start=own):
        at = 0 if place is None else place(index)
        past = shape[axis] if place is None else at + 1
        found.append(range(max(0, at), max(0, past)))
    return tuple(found)


def numbers_read(pattern: str, index: Index, numbers: Any) -> list[float]:
    """Return the numbers that ``cells_read`` names, out of nested lists.

    Example:
        >>> numbers_read(":j", (0, 1), [[1.0, 2.0], [3.0, 4.0]])
        [2.0, 4.0]
    """
    places = _places(pattern)
    for position in index[: _depth(numbers) - len(places)]:
        numbers = numbers[position]
    found = [numbers]
    for place in places:
        if place is None:
            found = [entry for group in found for entry in group]
        else:
            at = place(index)
            found = [group[at] for group in found if at >= 0]
    return found


def entries_read(pattern: str, index: Index, tensor: Tensor) -> list[float]:
    """Return the numbers that ``cells_read`` names, out of a tensor, reading only these.

    Example:
        >>> import torch
        >>> entries_read(":j", (0, 1), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        [2.0, 4.0]
    """
    places = _places(pattern)
    own = index[: tensor.ndim - len(places)]
    at = [slice(None) if place is None else place(index) for place in places]
    if any(isinstance(position, int) and position < 0 for position in at):
        return []
    return tensor[(*own, *at)].flatten().tolist()


def _depth(numbers: Any) -> int:
    """Return how many axes nested lists have."""
    depth = 0
    while isinstance(numbers, list):
        numbers, depth = numbers[0], depth + 1
    return depth
