"""Two labs compared: of each figure, A, B or their difference, and the largest changes.

A is kept inside of the lab as text, so the address holds both, and undo unpins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from attention_core.figures import matrix_spec
from attention_core.figures.heads import shown_of
from attention_core.numbers import result_of
from attention_core.studies.entropy import entropy
from ui.cards.card import Card, Group, Verdict
from ui.lab import link
from ui.lab.lab import Lab

MARK = "A:"  # before the pinned lab's text, which is empty for the one everybody starts with
TOLD = 8  # of the largest changes
SHOWN = {"B": "B, now", "A": "A, pinned", "B − A": "B − A"}
SENTENCE = "{row} · {column}: B − A = {value}"


def pinned_of(lab: Lab) -> Lab | None:
    """Return the pinned lab, looked at as the one on screen is; None if none can be read."""
    pinned = link.kept(lab.pinned, MARK)
    return pinned and pinned.seen_as(lab)


def both(figures: Callable[[Lab], Group], lab: Lab) -> tuple[Group | None, Group]:
    """Return a group of figures of what is pinned and of now; None where A is not looked at.

    Args:
        figures: Returns the group for a lab.
        lab: What is on screen.
    """
    now = figures(lab)
    pinned = pinned_of(lab) if lab.showing != "B" and now.explained else None
    return (None if pinned is None else figures(pinned)), now


def compared(figures: Callable[[Lab], Group], lab: Lab) -> Group:
    """Return a group of figures as the user wants it, when nothing else is asked of A and B."""
    return shown(*both(figures, lab), lab)


def shown(before: Group | None, now: Group, lab: Lab) -> Group:
    """Return a group of figures as the user wants it: of now, of what is pinned, or what differs.

    Args:
        before: What ``both`` returned first.
        now: And second.
        lab: What is on screen.
    """
    if before is None:
        return now
    if lab.showing == "A":
        cards = [replace(card, title=f"{card.title} · A") for card in before.cards]
        return replace(before, cards=cards, stored_as="")
    return _difference(before, now)


def _difference(before: Group, now: Group) -> Group:
    """Return B − A of each figure that both have in one shape; of the others, B with a note."""
    known = {card.id: card for card in before.cards}
    cards = [_difference_card(known.get(card.id), card, before, now) for card in now.cards]
    return replace(now, cards=cards, stored_as="")


def _difference_card(was: Card | None, card: Card, before: Group, now: Group) -> Card:
    cells = card.cells
    if not cells or before.explained is None or now.explained is None:
        return card
    pair = _pair(was, card, before, now)
    if pair is None:
        told = "A has no matrix of this shape, so this is B alone."
        return card.with_note(told)
    difference = pair[1] - pair[0]
    axes = shown_of(now.explained.trace, cells["name"], cells["head"]).axes
    spec = matrix_spec(
        difference,
        [cells["rows"], cells["columns"]],
        axes=axes,
        title=f"{card.title}, B − A",
        kind="scores",
        sentence="%{y} · %{x}: B − A = {value}",
    )
    return replace(
        card,
        spec=spec,
        title=f"{card.title}, B − A",
        formula="",
        alt=_alt(*pair),
        note="",
        check=_verdict(difference, *pair),
        cells={**cells, "sentence": SENTENCE},
    )


def _pair(was: Card | None, card: Card, before: Group, now: Group) -> tuple[Tensor, Tensor] | None:
    """Return a figure's matrix in A and in B, if A has one of that shape."""
    if not was or not was.cells or before.explained is None:
        return None
    if not card.cells or now.explained is None:
        return None
    tensors = []
    for cells, run in ((was.cells, before.explained), (card.cells, now.explained)):
        if cells["name"] not in (*run.trace.inputs, *run.trace.steps):
            return None
        matrix = shown_of(run.trace, cells["name"], cells["head"]).matrix.detach()
        tensors.append(matrix.float() if matrix.dtype == torch.bool else matrix)
    old, new = tensors
    return (old, new) if old.shape == new.shape else None


def _alt(old: Tensor, new: Tensor) -> str:
    changed = _changed(old, new)
    count, difference = int(changed.sum()), (new - old)[changed]
    if not count:
        return "nothing changed."
    known = difference[difference.isfinite()]
    most = _largest_change(known) if known.numel() else 0.0
    by = f", by {plus_sign(most)}{result_of(most)} at most" if known.numel() else ""
    lost = count - known.numel()
    beyond = f"; {lost:,} of them to or from what is no number" if lost else ""
    return f"{count:,} of {old.numel():,} cells changed{by}{beyond}."


def _changed(old: Tensor, new: Tensor) -> Tensor:
    """Return which cells differ. What is not a number in both does not."""
    return (old != new) & ~(old.isnan() & new.isnan())


def _largest_change(known: Tensor) -> float:
    """Return the change that is furthest from 0, with its sign."""
    return float(known[known.abs().argmax()])


def _verdict(difference: Tensor, old: Tensor, new: Tensor) -> Verdict:
    """Return whether A plus the difference is B again: the second route."""
    again = old.double() + difference.double()
    apart = (again - new.double()).abs()
    known = apart[apart.isfinite()]
    off = float(known.max()) if known.numel() else 0.0
    finite = old[old.isfinite()].abs()
    size = float(finite.max()) if finite.numel() else 1.0
    size = max(1.0, size, float(new.nan_to_num(0, 0, 0).abs().max()))
    allowed = 4 * torch.finfo(new.dtype).eps * size
    ok = off <= allowed
    said = "A and this difference add up to B" if ok else "A and this difference do not make B"
    return Verdict(ok, f"{said} (largest difference {off:.1g}).")


# ---- What changed, in words --------------------------------------------------------------------


def largest_changes(before: Group, now: Group) -> list[tuple[str, str, str, float, float]]:
    """Return the largest changes over a group's figures: name, row, column, in A, in B."""
    found: list[tuple[str, str, str, float, float]] = []
    known = {card.id: card for card in before.cards}
    for card in now.cards:
        pair = _pair(known.get(card.id), card, before, now)
        if not pair:
            continue
        old, new = pair
        off = (new.double() - old.double()).nan_to_num(0, 0, 0).abs().flatten()
        for at in off.topk(min(TOLD, len(off))).indices.tolist():
            row, column = divmod(at, old.shape[1])
            if off[at]:
                labels = card.linked["rows"][row], card.linked["columns"][column]
                numbers = float(old[row, column]), float(new[row, column])
                found.append((card.title, *labels, *numbers))
    return sorted(found, key=lambda change: -abs(change[4] - change[3]))[:TOLD]


def why_none(before: Group, now: Group) -> str:
    """Return why no changes are listed: nothing is comparable, nothing differs, or no number."""
    known = {card.id: card for card in before.cards}
    pairs = [pair for card in now.cards if (pair := _pair(known.get(card.id), card, before, now))]
    if not pairs:
        return "A has no matrix of these shapes, so there is nothing to compare."
    if any(bool(_changed(*pair).any()) for pair in pairs):
        return "What differs here between A and B is no number in one of them."
    return "Nothing differs here between A and B."


def entropies(before: Group, now: Group) -> tuple[Tensor, Tensor] | None:
    """Return the entropy of each query's weights in A and in B, in bits, if both have them."""
    if before.explained is None or now.explained is None:
        return None
    traces = before.explained.trace, now.explained.trace
    if any("weights" not in trace.steps for trace in traces):
        return None
    old, new = (entropy(trace["weights"].detach()) for trace in traces)
    return (old, new) if old.shape == new.shape and old.ndim == 1 else None


def plus_sign(difference: float) -> str:
    """Return the sign that a printed difference lacks: + before one above 0."""
    return "+" if difference > 0 else ""
