"""The user's own numbers in the steps of a run: put in, kept in the lab, marked on cards.

They are kept by the place they are used in and the step (``"qkv/weights"``, with heads
``"heads/weights/0"``), by row and by the width of the matrix: when the sentence gets another length
they wait until it is back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from attention_core import Trace
from attention_core.figures import with_marks
from attention_core.glossary import term
from attention_core.operations import Index
from ui.cards.card import Card, Group
from ui.lab.checks import number
from ui.lab.edits import RowKey
from ui.lab.lab import Lab

Cells = dict[str, dict[Index, float]]  # by step


def applied(trace: Trace, lab: Lab, stored_as: str) -> Trace:
    """Return a run again with the user's own numbers in its steps.

    Args:
        trace: The run without them.
        lab: What the user chose.
        stored_as: The name of the place whose numbers they are.
    """
    cells: Cells = {}
    for name, index, entry in own_cells(trace, lab, stored_as):
        cells.setdefault(name, {})[index] = entry
    if not cells:
        return trace
    return trace.mechanism.with_overrides(cells).run(**trace.inputs)


def own_cells(trace: Trace, lab: Lab, stored_as: str) -> Iterator[tuple[str, Index, float]]:
    """Yield the step, the cell and the number of each that fits the run."""
    for (label, nth, width), row in lab.overrides.rows.items():
        place, _, rest = label.partition("/")
        name, _, head = rest.partition("/")
        is_head = head.isascii() and head.isdigit()
        if place != stored_as or name not in trace.steps or not (is_head or rest == name):
            continue
        shape = tuple(trace[name].shape)
        start = (int(head[:9]), nth - 1) if is_head else (nth - 1,)
        fits = len(start) == len(shape) - 1 and width == shape[-1]
        if fits and all(at < size for at, size in zip(start, shape, strict=False)):
            yield from ((name, (*start, column), entry) for column, entry in row.items())


def key_of(stored_as: str, name: str, index: Index, width: int) -> RowKey:
    """Return under which name a cell's row is kept.

    Example:
        >>> key_of("qkv", "weights", (2, 0), 6), key_of("heads", "weights", (1, 2, 0), 6)
        (('qkv/weights', 3, 6), ('heads/weights/1', 3, 6))
    """
    head = "".join(f"/{at}" for at in index[:-2])
    return f"{stored_as}/{name}{head}", index[-2] + 1, width


def with_override(
    lab: Lab, trace: Trace, stored_as: str, name: str, index: Index, entry: float
) -> Lab:
    """Return the lab with a number of the user's own in a cell.

    Raises:
        ValueError: If there is no such step or cell, or the number is out of bounds.
    """
    _require_cell(trace, name, index)
    key = key_of(stored_as, name, index, trace[name].shape[-1])
    row = {**lab.overrides.row(*key), index[-1]: number(entry)}
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def without_override(lab: Lab, trace: Trace, stored_as: str, name: str, index: Index) -> Lab:
    """Return the lab with a cell computed again."""
    key = key_of(stored_as, name, index, trace[name].shape[-1])
    row = {c: entry for c, entry in lab.overrides.row(*key).items() if c != index[-1]}
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def without_overrides(lab: Lab, trace: Trace, stored_as: str) -> Lab:
    """Return the lab with every cell on screen computed again; numbers that wait go on waiting."""
    keys = (
        key_of(stored_as, name, index, trace[name].shape[-1])
        for name, index, _ in own_cells(trace, lab, stored_as)
    )
    return replace(lab, overrides=lab.overrides.without_rows(keys))


def _require_cell(trace: Trace, name: str, index: Index) -> None:
    if name not in trace.steps or not trace.has_cell(name, index):
        shape = tuple(trace[name].shape) if name in trace.steps else ()
        raise ValueError(f"a cell of a step; {name} has shape {shape}")


# ---- On the figures ----------------------------------------------------------------------------


def overridable(group: Group, stored_as: str) -> Group:
    """Return a group whose steps take numbers of the user's, and whose cards show those that are.

    Args:
        group: The figures of a run that ``applied`` returned.
        stored_as: The name under which its numbers are kept.
    """
    if group.explained is None:
        return group
    trace = group.explained.trace
    cards = [_marked(card, trace) for card in group.cards]
    return replace(group, cards=cards, stored_as=stored_as)


def _marked(card: Card, trace: Trace) -> Card:
    cells = card.cells
    if not cells:
        return card
    name, head = cells["name"], cells.get("head")
    typed = [
        index[-2:] for index in trace.overridden.get(name, ()) if head is None or index[0] == head
    ]
    if typed:
        said = f"Yours: {_counted(len(typed), name)}, marked with a dot."
        spec = with_marks(card.spec, sorted(typed))
        return replace(card.with_note(said), spec=spec)
    late = trace.detached.get(name)
    if late:
        steps = " and ".join(late)
        said = f"Detached: {steps} has numbers of yours that no longer follow from these."
        return card.with_note(said)
    return card


def _counted(count: int, name: str) -> str:
    return f"1 of the {term(name).cells}" if count == 1 else f"{count} {term(name).cells}"
