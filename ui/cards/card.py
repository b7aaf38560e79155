"""Cards: figures as values, each with all that is said of it, and groups that stand together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from attention_core.figures import turned
from attention_core.figures.heatmap import height_of
from attention_core.figures.pointing import Pointing
from ui.cards.explained import Explained

Spec = dict[str, Any]  # a figure as Plotly reads it
MIN_WIDTH = 264  # px: a card never gets narrower than this while the page is wider
SHORTEST = 2  # rows; a turned picture has as much room above it for its labels


class Cells(Pointing):
    """What the cells of a card say when they are pointed at, and which others belong to them."""

    scope: str  # figures and tables of different scopes never light up together
    turned: bool  # whether rows are drawn as columns


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a self-check found.

    Args:
        ok: Whether all is well.
        text: That in a sentence.
        detail: Each route by itself, a line each.
    """

    ok: bool
    text: str
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure, and what is said of it. Its rows are rows, until ``as_drawn`` turns it.

    Args:
        id: What tells it from the others of its group.
        title: Its heading.
        spec: The figure.
        height: In pixels.
        alt: What it shows, in a sentence.
        shape: Of the matrix that it shows, as people write it.
        formula: The line of PyTorch that makes it.
        note: What stands below it.
        check: What its self-check found, if it has one.
        cells: What its cells say, if they can be pointed at.
        turns: The name of its tensor in code where it is to be turned; empty where it is not.
    """

    id: str
    title: str
    spec: Spec
    height: int
    alt: str
    shape: str = ""
    formula: str = ""
    note: str = ""
    check: Verdict | None = None
    cells: Cells | None = None
    turns: str = ""

    @property
    def heatmap(self) -> Spec:
        """The first of what its figure draws."""
        first: Spec = self.spec["data"][0]
        return first

    @property
    def linked(self) -> Cells:
        """What its cells say, of a card where they can be pointed at.

        Raises:
            ValueError: If they cannot.
        """
        if self.cells is None:
            raise ValueError(f"the cells of {self.id} cannot be pointed at")
        return self.cells

    def with_heatmap(self, **entries: object) -> Card:
        """Return the card with other entries in the first of what its figure draws."""
        first, *over = self.spec["data"]
        return replace(self, spec={**self.spec, "data": [{**first, **entries}, *over]})

    def with_layout(self, **entries: object) -> Card:
        """Return the card with other entries in its figure's layout, or in an axis of it."""
        layout = dict(self.spec["layout"])
        for name, entry in entries.items():
            is_part = isinstance(entry, dict) and isinstance(layout.get(name), dict)
            layout[name] = {**layout[name], **entry} if is_part else entry  # type: ignore[dict-item]
        return replace(self, spec={**self.spec, "layout": layout})

    def with_cells(self, changed: Callable[[Cells], Cells]) -> Card:
        """Return the card with its cells changed, if they can be pointed at."""
        return replace(self, cells=changed(self.cells)) if self.cells else self

    def with_note(self, note: str) -> Card:
        """Return the card with a note before its own."""
        return replace(self, note=f"{note} {self.note}".strip())


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that stand together.

    Args:
        cards: In the order of drawing.
        explained: The run whose cells can be picked, if any.
        min_width: Of a card, in pixels.
        arrows: Whether each step leads to the next.
        stored_as: The name under which the user's own numbers in its steps are kept; empty where
            the steps take none.
        max_width: Of a card, in pixels; 0 to let the cards fill the page.
        overridable_steps: Which steps take the user's own numbers; all of them if empty.
        has_part: Whether large figures have a part with exact numbers below them.
    """

    cards: Sequence[Card]
    explained: Explained | None = None
    min_width: int = MIN_WIDTH
    arrows: bool = True
    stored_as: str = ""
    max_width: int = 0
    overridable_steps: tuple[str, ...] = ()
    has_part: bool = True

    @property
    def data(self) -> dict[str, Any]:
        """What the browser draws."""
        *leading, last = self.cards
        figures = [_json(card, arrow=self.arrows and bool(card.check)) for card in leading]
        figures.append(_json(last, arrow=False))
        return {"figures": figures, "min_width": self.min_width, "max_width": self.max_width}


def as_drawn(card: Card) -> Card:
    """Return a finished card as it is drawn: with rows and columns in their final places."""
    if not card.turns:
        return card
    spec = turned(card.spec)
    return replace(
        card.with_cells(lambda cells: {**cells, "turned": True}),
        spec=spec,
        height=height_of(max(SHORTEST, len(spec["data"][0]["y"]))),
        shape=" of ".join(map(_reversed, card.shape.split(" of "))),
        formula=card.formula and f"{card.formula}  # shown: {card.turns}.T",
        turns="",
    )


def _reversed(shape: str) -> str:
    return " × ".join(reversed(shape.split(" × ")))


def _json(card: Card, *, arrow: bool) -> dict[str, Any]:
    """Return a card as the browser draws it, an arrow to the next one behind it or not."""
    drawn, check = as_drawn(card), card.check
    return {
        "id": drawn.id,
        "title": drawn.title,
        "shape": drawn.shape,
        "formula": drawn.formula,
        "spec": drawn.spec,
        "height": drawn.height,
        "alt": drawn.alt,
        "note": drawn.note,
        "check": check and {"ok": check.ok, "text": check.text, "detail": list(check.detail)},
        "arrow": arrow,
        "cells": drawn.cells,
    }
