"""An excerpt of large figures: the rows and columns that are shown with exact numbers."""

from __future__ import annotations

from dataclasses import replace

from attention_core import Trace
from attention_core.figures.heatmap import Part
from ui.cards import step_cards
from ui.cards.card import Card, Group
from ui.cards.explained import Explained
from ui.lab.lab import Lab

SUFFIX = ":part"  # the name of a group's part is the group's own and this
ROWS, COLUMNS = 10, 8
SLOTS = {"query token": 0, "token": 0, "key token": 1, "dimension": 2}  # of ``Lab.window``, by axis
OTHERS = (0, 2)  # the slots of rows and of columns that are something else


def large_of(group: Group) -> list[Card]:
    """Return the cards of a group that show no numbers but whose cells can be picked."""
    return [
        card
        for card in group.cards
        if group.has_part and group.explained and card.cells and "texttemplate" not in card.heatmap
    ]


def part(group: Group, lab: Lab) -> Group:
    """Return the part of a group's large figures that the lab looks at, with exact numbers.

    Raises:
        ValueError: If the group has no cells that can be picked.
    """
    explained = group.explained
    if explained is None:
        raise ValueError("figures whose cells cannot be picked have no part to look at")
    cards = [_card(explained, large, lab) for large in large_of(group)]
    return Group(cards, explained, step_cards.MIN_WIDTH_WIDE, arrows=False)


def _card(explained: Explained, large: Card, lab: Lab) -> Card:
    """Return the card of a part of a large one; its numbers are checked there."""
    name, head = large.linked["name"], large.linked["head"]
    shown = part_of(explained.trace, name, lab)
    card = step_cards.step_card(
        explained.trace,
        name,
        explained.tokens,
        (),
        query=explained.query,
        query_row=explained.query_row,
        part=shown,
        conventions=lab.conventions,
        head=head,
    )
    return replace(
        card,
        id=f"{large.id}_part",
        title=f"{large.title}, in part",
        shape=f"{len(shown[0])} × {len(shown[1])} of {card.shape}",
        formula="",
        alt=_alt(card),
        check=None,
        cells={
            **card.linked,
            "of": large.linked["of"],
            "reads": large.linked["reads"],
            "scope": large.linked["scope"],
        },
    )


def _alt(card: Card) -> str:
    """Return which part it is, in words."""
    both = (card.linked["rows"], card.linked["columns"])
    ends = [f"{labels[0]} to {labels[-1]}" for labels in both]
    return f"{', '.join(ends)}."


def part_of(trace: Trace, name: str, lab: Lab) -> Part:
    """Return the rows and columns of a value around what the lab looks at."""
    sizes = zip(*last_two(trace, name), (ROWS, COLUMNS), OTHERS, strict=True)
    rows, columns = (
        _around(lab.window[SLOTS.get(axis, other)], size, most) for axis, size, most, other in sizes
    )
    return rows, columns


def last_two(trace: Trace, name: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return what a value's rows and columns are, and how many there are: of every head."""
    return trace.axes(name)[-2:], tuple(trace[name].shape[-2:])


def _around(centre: int, size: int, most: int) -> range:
    first = max(0, min(centre - most // 2, size - most))
    return range(first, min(size, first + most))
