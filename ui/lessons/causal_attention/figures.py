"""What the page "Causal attention" shows: a mask to paint, two ways to use it, and what leaks."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from attention_core import Trace
from attention_core.export import Shown
from attention_core.figures import matrix_spec, with_lit_row
from attention_core.mechanisms.renormalised_attention import compare_ways
from attention_core.numbers import result_of
from attention_core.studies.changes import leaks
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Group, Spec
from ui.cards.embeddings import labels_of
from ui.cards.explained import Explained
from ui.lab.lab import Lab
from ui.lessons.causal_attention.runs import (
    STORED_AS,
    leak_index,
    leak_runs,
    plain_of,
    renormalised_of,
    trace_of,
)
from ui.lessons.causal_attention.words import (
    difference_finding,
    leaks_said,
    mask_finding,
    ways_said,
)

PLACES = ("figures:masked", "figures:causal_context")
BEFORE = ("scaled", "masked", "weights")
AFTER = ("shares", "zeroed", "weights")


# ---- The mask ----------------------------------------------------------------------------------


def mask_figure(lab: Lab) -> Group:
    """Return the mask, as cells to click."""
    trace, tokens = plain_of(lab), labels_of(lab)
    card = step_cards.step_card(trace, "mask", tokens, (), conventions=lab.conventions)
    card = replace(
        card,
        title="Who may attend to whom",
        alt=mask_finding(trace["mask"]),
        note=f"{card.note} Paint there." if is_overview(card) else card.note,
    )
    width = step_cards.card_width(len(tokens))
    return Group([card], Explained(trace, tokens), width, arrows=False)


def is_overview(card: Card) -> bool:
    """Return whether a cell of the picture stands for several."""
    return "block" in card.heatmap["meta"]


# ---- Both ways ---------------------------------------------------------------------------------


def masked_steps(lab: Lab) -> Group:
    """Return the steps with −∞ before the softmax."""
    trace = trace_of(lab)
    group = step_cards.steps(trace, BEFORE, labels_of(lab), conventions=lab.conventions)
    hidden, n = int(trace["masked"].isneginf().sum()), trace["masked"].numel()
    alt = f"{hidden:,} of {n:,} cells are −∞, drawn empty."
    cards = [replace(card, alt=alt) if card.id == "masked" else card for card in group.cards]
    return overriding.overridable(replace(group, cards=cards), STORED_AS)


def renormalised_steps(lab: Lab) -> Group:
    """Return the steps with 0 after the softmax, and how far the result is from the other way's."""
    trace, tokens = renormalised_of(lab), labels_of(lab)
    group = step_cards.steps(trace, AFTER, tokens, conventions=lab.conventions)
    *before, last = group.cards
    divided = replace(last, title="Divided by what is left")
    difference = _difference(plain_of(lab), trace, lab)
    return replace(group, cards=[*before, divided, difference])


def _difference(masked: Trace, renormalised: Trace, lab: Lab) -> Card:
    """Return the card of how far apart the weights of both ways are."""
    check = compare_ways(masked, renormalised)
    off = renormalised["weights"] - masked["weights"]
    reach = check.max_difference or 1e-9 if check else 1.0
    spec = difference_spec(off, lab, ("query token", "key token"), "Difference of both ways")
    cells = spec["data"][0]
    cells["zmin"], cells["zmax"] = -reach, reach
    cells["colorbar"] = {**cells["colorbar"], "tickformat": ".0e", "nticks": 3}
    card = step_cards.value_card(
        "difference",
        "Difference of both ways",
        spec,
        difference_finding(off),
        off,
        turns="difference" if lab.conventions.is_turned else "",
    )
    return replace(
        card, check=ways_said(check), note="The weights divided last, minus those made with −∞."
    )


def difference_spec(off: Tensor, lab: Lab, axes: tuple[str, str], title: str) -> Spec:
    """Return a matrix of differences, written so that a tiny one is not taken for none."""
    tokens, conventions = labels_of(lab), lab.conventions
    columns = (
        tokens
        if axes[1] == "key token"
        else [conventions.dimension(column) for column in range(off.shape[1])]
    )
    spec = matrix_spec(
        off,
        [tokens, columns],
        axes=axes,
        title=title,
        kind="scores",
        sentence="%{y} · %{x}: difference {value}",
    )
    cells = spec["data"][0]
    cells["hovertemplate"] = cells["hovertemplate"].replace("%{z:.4f}", "%{z:.4~g}")
    if "texttemplate" in cells:
        cells["texttemplate"] = "%{text}"
        cells["text"] = [[short_number(entry) for entry in row] for row in off.tolist()]
    return spec


def short_number(difference: float) -> str:
    """Return a difference in a few characters.

    Example:
        >>> [short_number(number) for number in (0.0, -5.96e-8, 0.25, float("nan"))]
        ['0', '-6e-08', '0.2500', '']
    """
    if difference != difference:  # not a number
        return ""
    if difference == 0:
        return "0"
    return f"{difference:.0e}" if abs(difference) < 5e-5 else result_of(difference)


def context(lab: Lab) -> Group:
    """Return the context vectors, the mask before the softmax."""
    group = step_cards.steps(
        trace_of(lab), ("context",), labels_of(lab), conventions=lab.conventions
    )
    return overriding.overridable(group, STORED_AS)


# ---- The leak detector -------------------------------------------------------------------------


def leak_figures(lab: Lab) -> Group:
    """Return by how much all context vectors change, with the mask and without."""
    token, tokens = leak_index(lab), labels_of(lab)
    runs = {is_masked: leak_runs(lab, is_masked=is_masked) for is_masked in (True, False)}
    offs = {key: after["context"] - before["context"] for key, (before, after) in runs.items()}
    largest = max(float(off.nan_to_num(nan=0.0).abs().max()) for off in offs.values()) or 1.0
    cards = []
    for is_masked, card_id, title in (
        (True, "with_mask", "Change of the context, with your mask"),
        (False, "without_mask", "The same without a mask"),
    ):
        spec = difference_spec(offs[is_masked], lab, ("token", "dimension"), title)
        spec["data"][0]["zmin"], spec["data"][0]["zmax"] = -largest, largest
        told = leaks_said(leaks(*runs[is_masked], token), tokens, token)
        card = step_cards.value_card(
            card_id,
            title,
            with_lit_row(spec, token, tokens[token]),
            told,
            offs[is_masked],
            turns="difference" if lab.conventions.is_turned else "",
        )
        cards.append(card)
    width = step_cards.card_width(len(tokens) if lab.conventions.is_turned else offs[True].shape[1])
    return Group(cards, arrows=False, min_width=width)


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the runs of the page: the mask used in two ways, and those that show what leaks."""
    labels = labels_of(lab)
    runs = [
        Shown("masked", "−∞ before the softmax", trace_of(lab), labels),
        Shown("renormalised", "0 after the softmax", renormalised_of(lab), labels),
    ]
    for is_masked, name, told in ((True, "your-mask", "your mask"), (False, "no-mask", "no mask")):
        before, after = leak_runs(lab, is_masked=is_masked)
        if not is_masked:
            runs.append(Shown("leak-no-mask", "Leak detector: no mask", before, labels))
        title = f"Leak detector: {told}, one number of a token raised by 1"
        runs.append(Shown(f"leak-{name}-changed", title, after, labels))
    return runs
