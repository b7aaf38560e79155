"""What the page "Causal attention" shows: a mask to paint, two ways to use it, and what leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import CAUSAL_SELF_ATTENTION, RENORMALISED_SELF_ATTENTION, Check, Trace
from attention_core.export import Shown
from attention_core.figures import matrix_spec, with_lit_row
from attention_core.mechanisms.renormalised_attention import compare_ways
from attention_core.numbers import result_of
from attention_core.reference import by_fused
from attention_core.studies.changes import leaks
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Group, Spec, Verdict
from ui.cards.embeddings import labels_of
from ui.cards.explained import Explained
from ui.cards.literal import literal, names
from ui.cards.mask import inputs_of, mask_of, preset_mask
from ui.lab.lab import Lab
from ui.lessons.causal_attention.choices import CausalChoices

MASK, OWN = "figures:mask", "causal"
PLACES = ("figures:masked", "figures:causal_context")
TOLD = 6
BEFORE = ("scaled", "masked", "weights")
AFTER = ("shares", "zeroed", "weights")
BLIND_ONE = (
    "{who} may attend to nobody. Its {row} is all −∞, and softmax divides 0 by 0: NaN, shown as "
    "empty cells. `scaled_dot_product_attention` makes the context vector ({zeros}) instead, so "
    "such a token is left out of the comparison below."
)
BLIND_MANY = (
    "{who} may attend to nobody. Their {rows} are all −∞, and softmax divides 0 by 0: NaN, shown "
    "as empty cells. `scaled_dot_product_attention` makes the context vector ({zeros}) instead, so "
    "such a token is left out of the comparison below."
)


# ---- The mask ----------------------------------------------------------------------------------


def plain_of(lab: Lab) -> Trace:
    """Return the run with −∞ before the softmax."""
    return CAUSAL_SELF_ATTENTION.run(**inputs_of(lab))


def trace_of(lab: Lab) -> Trace:
    """Return the same with the numbers that the user put into its steps."""
    return overriding.applied(plain_of(lab), lab, OWN)


def renormalised_of(lab: Lab) -> Trace:
    """Return the run with 0 after the softmax, and each row divided by what is left of it."""
    return RENORMALISED_SELF_ATTENTION.run(**inputs_of(lab))


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


def mask_finding(mask: Tensor) -> str:
    """Return how many cells of a mask are open.

    Example:
        >>> mask_finding(causal_mask(3))
        '6 of 9 cells are open: there the query may attend to the key.'
    """
    open_, n = int(mask.sum()), mask.numel()
    return f"{open_:,} of {n:,} cells are open: there the query may attend to the key."


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
    return overriding.overridable(replace(group, cards=cards), OWN)


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


def difference_finding(off: Tensor) -> str:
    """Return how many cells of both ways are not the same to the last bit.

    Example:
        >>> difference_finding(torch.tensor([[0.0, 1e-8]]))
        '1 of 2 cells differs, by 1e-08 at most.'
        >>> difference_finding(torch.zeros(1, 2))
        'all 2 cells are the same to the last bit.'
    """
    known = off[~off.isnan()]
    differ, n = int((known != 0).sum()), known.numel()
    if not n:
        return "no cell is a number in both ways."
    if not differ:
        return f"{'the cell is' if n == 1 else f'all {n:,} cells are'} the same to the last bit."
    verb, most = "differs" if differ == 1 else "differ", float(known.abs().max())
    return f"{differ:,} of {n:,} cells {verb}, by {most:.0e} at most."


def ways_said(check: Check | None) -> Verdict:
    """Return whether both ways agree, as a card says it."""
    if check is None:
        return Verdict(True, "Nothing to compare: no row has a number in both ways.")
    numbers = check.numbers
    if check.ok:
        left_out = ", rows that are not a number left out" if "where" in check.route else ""
        text = f"Both ways give the same weights{left_out} ({numbers})."
    else:
        text = f"Something is wrong: both ways differ ({numbers}). Do not trust these pictures."
    return Verdict(check.ok, text)


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
        cells["text"] = [[written(entry) for entry in row] for row in off.tolist()]
    return spec


def written(difference: float) -> str:
    """Return a difference in a few characters.

    Example:
        >>> written(0.0), written(-5.96e-8), written(0.25), written(float("nan"))
        ('0', '-6e-08', '0.2500', '')
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
    return overriding.overridable(group, OWN)


def blind_said(lab: Lab) -> str:
    """Return what becomes of the queries that may attend to nobody, or nothing, as Markdown."""
    trace = plain_of(lab)
    blind = (~trace["mask"].any(dim=1)).nonzero().flatten().tolist()
    if not blind:
        return ""
    called = names(labels_of(lab), lab.conventions)
    who = ", ".join(f"**{literal(called[row])}**" for row in blind[:TOLD])
    more = f" and {len(blind) - TOLD} more" if len(blind) > TOLD else ""
    theirs = by_fused(trace)[blind[0]].tolist()
    zeros = ", ".join(result_of(number) for number in theirs[:TOLD])
    more_zeros = ", …" if len(theirs) > TOLD else ""
    return lab.conventions.say(
        BLIND_ONE if len(blind) == 1 else BLIND_MANY,
        who=f"{who}{more}",
        zeros=f"{zeros}{more_zeros}",
    )


def underflown_said(lab: Lab) -> str:
    """Return which rows only −∞ can make, or nothing, as Markdown."""
    after = renormalised_of(lab)
    before = plain_of(lab)["weights"].isnan().any(dim=1)
    lost = (after["weights"].isnan().any(dim=1) & ~before).nonzero().flatten().tolist()
    if not lost:
        return ""
    called = names(labels_of(lab), lab.conventions)
    who = ", ".join(f"**{literal(called[row])}**" for row in lost[:TOLD])
    more = f" and {len(lost) - TOLD} more" if len(lost) > TOLD else ""
    return (
        f"{who}{more}: hidden tokens take so much that the shares of all others round to 0, and "
        "after the mask 0 / 0 is left. With −∞ before the softmax the hidden tokens never take "
        "anything: one more reason why everybody does it that way."
    )


# ---- The leak detector -------------------------------------------------------------------------


def leak_index(lab: Lab) -> int:
    """Return the token that the leak detector changes: as was chosen, or the one a mask opens."""
    if lab.of(CausalChoices).leak_token >= 0:
        return min(lab.of(CausalChoices).leak_token, len(lab.tokens) - 1)
    return opened_early(lab)


def opened_early(lab: Lab) -> int:
    """Return the token that a mask lets an earlier one see; the last one if there is none.

    Of several it is the one of the cell that was just painted, of other painted cells the last one,
    and else the last one of all.
    """
    mask = mask_of(lab)
    early = mask.triu(diagonal=1)
    painted = early & (mask != preset_mask(lab))
    picked = lab.trail[-1][2:] if lab.trail and lab.trail[-1][1] == "mask" else ()
    if len(picked) == 2 and max(picked) < len(mask) and bool(painted[picked]):
        return picked[1]
    for cells in (painted, early):
        columns = cells.any(dim=0).nonzero().flatten().tolist()
        if columns:
            return int(columns[-1])
    return len(mask) - 1


def leak_runs(lab: Lab, *, is_masked: bool) -> tuple[Trace, Trace]:
    """Return a run, and the same with another first number for one token.

    Args:
        lab: What the user chose.
        is_masked: Whether with the mask on the page; without, everybody sees everybody.
    """
    given = inputs_of(lab)
    if not is_masked:
        given["mask"] = torch.ones_like(given["mask"])
    changed = given["inputs"].clone()
    changed[leak_index(lab), 0] += 1
    runs = [
        CAUSAL_SELF_ATTENTION.run(**{**given, "inputs": inputs})
        for inputs in (given["inputs"], changed)
    ]
    return runs[0], runs[1]


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


def leaks_said(found: Tensor, tokens: Sequence[str], changed: int) -> str:
    """Return which earlier tokens a change reaches, as plain text.

    Example:
        >>> leaks_said(torch.zeros(2, 3, dtype=torch.bool), ["to", "be", "or"], 2)
        'Nothing leaks: all 6 context values before “or” are exactly equal, bit for bit.'
    """
    word = f"“{tokens[changed]}”"
    if changed == 0:
        later = " Choose a later token." if len(tokens) > 1 else ""
        return f"Nobody comes before {word}, so nothing can leak.{later}"
    count = int(found.sum())
    if not count:
        return (
            f"Nothing leaks: all {found.numel():,} context values before {word} are exactly "
            "equal, bit for bit."
        )
    reached = found.any(dim=1).nonzero().flatten().tolist()
    who = ", ".join(f"“{tokens[row]}”" for row in reached[:TOLD])
    more = f" and {len(reached) - TOLD} more" if len(reached) > TOLD else ""
    return (
        f"It leaks: {count:,} of the {found.numel():,} context values before {word} changed, of "
        f"{who}{more}."
    )


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
