"""What the page "Normalisation lab" shows: one row of scores, three ways of making shares of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core import (
    SIMPLE_SELF_ATTENTION,
    USUAL,
    Check,
    Conventions,
    Trace,
    normalisations,
)
from attention_core.export import Derived, Shown
from attention_core.figures import matrix_spec
from attention_core.figures.heatmap import height_of
from attention_core.glossary import symbol
from attention_core.numbers import plain, result_of
from attention_core.studies.gradients import check_jacobian, jacobian_rounding, softmax_jacobian
from ui.cards import step_cards
from ui.cards.card import Card, Group, Verdict
from ui.cards.editors import Editor, Entry
from ui.cards.embeddings import tensor_of
from ui.cards.explained import Explained
from ui.cards.row_cards import row_card
from ui.lab.checks import LIMIT
from ui.lab.lab import Lab
from ui.lessons.normalisation_lab.choices import MAX_SCORES, NOTEBOOK_SCORES, NormalisationChoices

ROW_ID, QUERY = "row", "your row"
PRESETS: dict[str, tuple[float, ...]] = {
    "As in the notebook": NOTEBOOK_SCORES,
    "A negative score": (-5.0, *NOTEBOOK_SCORES[1:]),
    "A score of 1000": (NOTEBOOK_SCORES[0], 1000.0, *NOTEBOOK_SCORES[2:]),
    "All equal": (1.0,) * 6,
}
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
FALLBACK = "float32"  # holds every score and temperature that can be chosen
MOST = 0.25  # no weight answers more than p (1 - p) / temperature to any score
SATURATED = 0.01  # answering less than this, with one weight as close to 1, it hardly learns


# ---- The row and its controls ------------------------------------------------------------------


def _set_entries(lab: Lab, entries: Sequence[Entry]) -> Lab:
    row = list(lab.of(NormalisationChoices).row_scores)
    for row_id, column, entry in entries:
        if row_id != ROW_ID or not 0 <= column < len(row):
            raise ValueError(f"one of the {len(row)} scores")
        row[column] = entry
    return lab.choosing(row_scores=tuple(row))


def _reset(lab: Lab, row_id: str | None) -> Lab:
    return lab.choosing(row_scores=NOTEBOOK_SCORES)


ROW = Editor("row_scores", "scores", _set_entries, _reset)


def keys_of(lab: Lab) -> list[str]:
    """Return what the scores of the row are called."""
    return [
        f"key {lab.conventions.number(position)}"
        for position in range(len(lab.of(NormalisationChoices).row_scores))
    ]


def scores_of_query(lab: Lab) -> tuple[float, ...] | None:
    """Return the scores of the sentence's query token, or None where the table cannot take them."""
    scores = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab))["scores"][lab.query_index]
    row = tuple(round(score, 4) for score in scores.tolist())
    fits = len(row) <= MAX_SCORES and all(abs(score) <= LIMIT for score in row)
    return row if fits else None


def misfit(lab: Lab, dtype: str) -> str:
    """Return what a dtype cannot hold of the row and its scaled scores, or an empty text.

    Example:
        >>> misfit(Lab(row_scores=(1.0, 70_000.0)), "float16")
        'float16 holds nothing beyond ±65,504, and a score is 70,000.'
    """
    kind = getattr(torch, dtype)
    scores = torch.tensor(lab.of(NormalisationChoices).row_scores, dtype=kind)
    limit = f"{dtype} holds nothing beyond ±{torch.finfo(kind).max:,.0f}"
    lost = scores.isinf()
    if bool(lost.any()):
        first = lab.of(NormalisationChoices).row_scores[int(lost.int().argmax())]
        return f"{limit}, and a score is {first:,.15g}."
    lost = (scores / lab.of(NormalisationChoices).temperature).isinf()
    if bool(lost.any()):
        score = lab.of(NormalisationChoices).row_scores[int(lost.int().argmax())]
        return (
            f"{limit}, and {score:,.15g} / {lab.of(NormalisationChoices).temperature:.15g} is "
            f"{score / lab.of(NormalisationChoices).temperature:,.15g}."
        )
    return ""


def trace_of(lab: Lab, dtype: str | None = None) -> Trace:
    """Return the three normalisations of the row, in the lab's dtype if that can hold it."""
    chosen = dtype or (
        FALLBACK
        if misfit(lab, lab.of(NormalisationChoices).dtype)
        else lab.of(NormalisationChoices).dtype
    )
    row = torch.tensor([lab.of(NormalisationChoices).row_scores], dtype=getattr(torch, chosen))
    return normalisations(lab.of(NormalisationChoices).temperature).run(scores=row)


# ---- Three ways --------------------------------------------------------------------------------


class Failure(NamedTuple):
    """An expected failure of a way of normalising, and which check it makes void."""

    text: str
    breaks_law: bool = False  # the row cannot sum to 1
    breaks_route: bool = False  # no second route can confirm what is only rounding


def scaled(lab: Lab) -> Group:
    """Return the scores over the temperature."""
    trace, keys = trace_of(lab), keys_of(lab)
    card = way_card(trace, "scaled", keys, trace.check(), lab.conventions)
    return Group([card], Explained(trace, keys, QUERY))


def ways(lab: Lab) -> Group:
    """Return the three normalisations side by side, each failure explained in its place."""
    trace, keys = trace_of(lab), keys_of(lab)
    checks = trace.check()
    cards = [way_card(trace, name, keys, checks, lab.conventions) for name in trace.steps[1:]]
    if (
        lab.of(NormalisationChoices).temperature == 1
    ):  # the scaled scores are those of the table, which light in their place
        cards = [card.with_cells(lambda cells: {**cells, "of": ["scores"]}) for card in cards]
    width = step_cards.card_width(len(keys))
    return Group(cards, Explained(trace, keys, QUERY), width, arrows=False)


def way_card(
    trace: Trace,
    name: str,
    keys: Sequence[str],
    checks: Sequence[Check],
    conventions: Conventions = USUAL,
) -> Card:
    """Return a way's card, with what its shares sum to or what went wrong with them."""
    card = row_card(trace, name, QUERY, keys, conventions=conventions)
    card = card.with_layout(yaxis={"ticktext": [""]})  # its one row needs no name, but the room
    found = failure(trace, name)
    own = [check for check in checks if check.step == name]
    kept = [check for check in own if found is None or not _is_void(check, found)]
    note = found.text if found else fine(trace, name)
    return replace(
        card,
        alt=card.alt.removeprefix(conventions.say("{row} {query}: ", query=QUERY)),
        check=step_cards.verdict(kept, conventions) if kept else None,
        note=card.note if name == "scaled" else note,
    )


def _is_void(check: Check, found: Failure) -> bool:
    """Whether a check says nothing, because of a failure that is expected."""
    is_law = check.route.endswith("sums to 1")
    return found.breaks_law if is_law else found.breaks_route and not check.ok


def fine(trace: Trace, name: str) -> str:
    """Return what to see where nothing failed."""
    total = float(trace[name].double().sum())
    if abs(total - 1) <= 1e-6:
        return "Together they make 1."
    return f"Together they make {plain(total)}: off by {_kind(trace[name])}'s rounding."


def failure(trace: Trace, name: str) -> Failure | None:
    """Return how a way fails on this row, as is to be expected of it, or None."""
    scores = trace["scaled"][0]
    if name == "by_sum":
        return _failure_by_sum(scores, trace[name][0])
    if name == "naive":
        return _failure_of_naive(scores, trace[name][0])
    return None


def _failure_by_sum(scores: Tensor, shares: Tensor) -> Failure | None:
    limits = torch.finfo(scores.dtype)
    exact = scores.double()
    total, size = math.fsum(exact.tolist()), float(exact.abs().sum())
    if abs(total) > limits.max and not bool(shares.any()):  # a sum just beyond rounds back
        text = f"As expected: the sum goes beyond {_kind(scores)}, so every share becomes 0."
        return Failure(text, breaks_law=True)
    if total == 0:
        text = (
            "As expected: the scores sum to 0, and nothing can be divided by 0 (blank: inf or NaN)."
        )
        return Failure(text, breaks_law=True, breaks_route=True)
    if abs(total) <= len(scores) * limits.eps * size:
        text = (
            "As expected: the scores cancel. What is left of their sum is only rounding, so these "
            "shares mean nothing, and no second route can confirm them."
        )
        return Failure(text, breaks_law=True, breaks_route=True)
    below, above = int((shares < 0).sum()), int((shares > 1).sum())
    if below or above:
        said = [f"{below} below 0"] * bool(below) + [f"{above} above 1"] * bool(above)
        text = (
            f"As expected with a negative score: {' and '.join(said)}. These are no shares, even "
            f"though they sum to {plain(round(float(shares.double().sum()), 4))}."
        )
        return Failure(text)
    return None


def _failure_of_naive(scores: Tensor, shares: Tensor) -> Failure | None:
    limits = torch.finfo(scores.dtype)
    kind, highest = _kind(scores), math.log(limits.max)
    n_nan = int(shares.isnan().sum())
    largest = float(scores.max())
    calm = " torch.softmax subtracts the largest score first: its exponents are at most 0."
    if largest > highest and n_nan:
        zeros = " The others are something / inf = 0." if n_nan < len(shares) else ""
        text = (
            f"As expected: {n_nan} NaN, shown blank. exp({plain(largest)}) is too large for {kind} "
            f"(from {highest:.2f} on), so it is inf, and inf / inf is NaN.{zeros}{calm}"
        )
        return Failure(text, breaks_law=True)
    if n_nan:
        lowest = math.log(limits.smallest_normal * limits.eps)
        text = (
            f"As expected: every exp is too small for {kind} (below about {lowest:.2f}), so it is "
            f"0, and 0 / 0 is NaN, shown blank.{calm}"
        )
        return Failure(text, breaks_law=True)
    if float(scores.double().exp().sum()) > limits.max and not bool(shares.any()):
        text = (
            f"As expected: each exp still fits {kind}, but their sum does not. It is inf, so "
            f"every share is something / inf = 0.{calm}"
        )
        return Failure(text, breaks_law=True)
    return None


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


# ---- Dtypes ------------------------------------------------------------------------------------


def sum_text(shares: Tensor) -> str:
    """Return what shares really sum to, added up in float64.

    Example:
        >>> sum_text(torch.tensor([[0.5, 0.498]])), sum_text(torch.tensor([[torch.nan]]))
        ('0.998000', 'NaN')
    """
    total = float(shares.double().sum())
    if math.isnan(total):
        return "NaN"
    return f"{total:.6f}" if abs(total) < 1e6 else f"{total:.4g}"


def rounding_said(trace: Trace) -> str:
    """Return how far the softmax row is from 1 in the dtype on screen, as Markdown."""
    weights = trace["weights"]
    off = abs(float(weights.double().sum()) - 1)
    bits = -math.log2(torch.finfo(weights.dtype).eps)
    within = f"within {off:.1g}" if off else "exactly"
    return (
        f"In {_kind(weights)} a number has {bits + 1:.0f} binary digits, so each weight is rounded "
        f"a little, and your softmax weights sum to 1 {within}. In the short "
        "formats below, sums (Σ) may miss 1 visibly: that is rounding, not a mistake. Above the "
        "score in the third column, exp is too large for the format."
    )


# ---- Gradients ---------------------------------------------------------------------------------


def jacobian_of(lab: Lab) -> tuple[Tensor, Check]:
    """Return the softmax Jacobian of the row in float64, and its second route's verdict."""
    row = torch.tensor(lab.of(NormalisationChoices).row_scores, dtype=torch.float64)
    jacobian = softmax_jacobian(row, lab.of(NormalisationChoices).temperature)
    return jacobian, check_jacobian(jacobian, row, lab.of(NormalisationChoices).temperature)


def gradients(lab: Lab) -> Group:
    """Return how each weight answers to each score, checked by finite differences."""
    jacobian, check = jacobian_of(lab)
    keys = keys_of(lab)
    spec = matrix_spec(
        jacobian,
        [keys, keys],
        axes=("weight of", "score of"),
        title="Softmax Jacobian",
        kind="scores",
        sentence="raise the score of %{x} a little: the weight of %{y} changes by {value} per unit",
    )
    cells = spec["data"][0]
    # A picture of almost nothing must look like it, so the scale never shrinks to it.
    reach = max(float(jacobian.abs().max()), MOST / 10 / lab.of(NormalisationChoices).temperature)
    cells["zmin"], cells["zmax"] = -reach, reach
    if "texttemplate" in cells:
        cells |= {"texttemplate": "%{text}", "text": _without_minus_zero(jacobian)}
    card = Card(
        id="jacobian",
        title="Softmax Jacobian",
        spec=spec,
        height=height_of(len(keys)),
        alt=strongest(jacobian, keys),
        shape=step_cards.shape_of(jacobian),
        formula="(torch.diag(p) - torch.outer(p, p)) / temperature",
        check=jacobian_verdict(check),
    )
    return Group([card])


def _without_minus_zero(jacobian: Tensor) -> list[list[str]]:
    """Return the cells' labels, where -0.0000 would say more than there is."""
    digits = 4 if len(jacobian) <= 8 else 2
    return [[f"{entry:z.{digits}f}" for entry in row] for row in jacobian.tolist()]


def jacobian_verdict(check: Check) -> Verdict:
    """Return what the finite differences say about the formula, as a card says it."""
    numbers = check.numbers
    good = f"Nudging each score up and down (central differences, float64) agrees ({numbers})."
    bad = f"Something is wrong: the finite differences disagree ({numbers}). Do not trust this."
    return Verdict(check.ok, good if check.ok else bad)


def strongest(jacobian: Tensor, keys: Sequence[str]) -> str:
    """Return the strongest answer of a weight to a score."""
    at = divmod(int(jacobian.abs().argmax()), len(keys))
    value = result_of(float(jacobian[at]))
    return f"strongest {value}: the weight of {keys[at[0]]}, per unit of the score of {keys[at[1]]}"


def jacobian_said(jacobian: Tensor, lab: Lab) -> str:
    """Return what the Jacobian says about the row, as Markdown."""
    if len(jacobian) == 1:
        return "A single weight is always 1, whatever its score: its gradient is 0."
    row = torch.tensor([lab.of(NormalisationChoices).row_scores], dtype=torch.float64)
    largest = float(
        normalisations(lab.of(NormalisationChoices).temperature).run(scores=row)["weights"].max()
    )
    sums = float(jacobian.sum(dim=1).abs().max())
    peak = float(jacobian.abs().max())
    lines = [
        "- **Raising one score takes from all others**: no entry of the diagonal is below 0, and "
        "no other is above 0.",
        f"- **Each row and each column sums to 0** (here within {sums:.1g}): what one weight "
        "gains, the others lose.",
    ]
    if _is_saturated(peak, largest):
        lines.append(
            f"- **Almost nothing moves**: one weight is {result_of(largest)}, and the strongest "
            f"entry is {result_of(peak)}. Gradients this small teach a model next to nothing: "
            "that is why attention scales its scores."
        )
    else:
        lines.append(
            f"- The largest weight is {result_of(largest)}, the strongest entry {result_of(peak)}."
        )
    return "\n".join([*lines, _temperature_said(lab)])


def _is_saturated(peak: float, largest: float) -> bool:
    """Return whether one weight has nearly everything, and hardly answers to any score."""
    return peak < SATURATED and largest > 1 - SATURATED


def _temperature_said(lab: Lab) -> str:
    """Return what the temperature does to the entries, in general and on this row."""
    at = {temperature: _strength_at(lab, temperature) for temperature in TEMPERATURES}
    best = max(TEMPERATURES, key=lambda temperature: at[temperature].peak)
    lowest, (peak, largest) = plain(TEMPERATURES[0]), at[TEMPERATURES[0]]
    if at[best].peak < SATURATED:
        here = (
            "On this row one score leads so far that no temperature here brings the entries back: "
            f"the strongest is {result_of(at[best].peak)}, at {plain(best)}."
        )
    elif best == TEMPERATURES[0]:
        here = (
            f"On this row no score leads clearly enough: even at {lowest} the largest weight is "
            f"{result_of(largest)}, and the strongest entry {result_of(peak)}."
        )
    else:
        here = (
            f"On this row the strongest entry is {result_of(at[best].peak)} at {plain(best)}, more "
            f"than at any other temperature here; at {lowest} it is {result_of(peak)}, with a "
            f"largest weight of {result_of(largest)}."
        )
    return (
        "- **What the temperature does**: each entry is a product of weights, divided by the "
        "temperature. A lower one divides by less. But where one score leads, it also drives one "
        "weight to 1 and the others to 0, and every product with them: then learning stalls. "
        f"{here}"
    )


class _Strength(NamedTuple):
    """The strongest entry of a row's Jacobian at a temperature, and the largest weight there."""

    peak: float
    largest: float


def _strength_at(lab: Lab, temperature: float) -> _Strength:
    row = torch.tensor(lab.of(NormalisationChoices).row_scores, dtype=torch.float64)
    peak = float(softmax_jacobian(row, temperature).abs().max())
    return _Strength(peak, float(torch.softmax(row / temperature, dim=-1).max()))


def jacobian_latex(conventions: Conventions) -> str:
    """Return the Jacobian's formula, for one row."""
    weight, score = symbol("weights", conventions), symbol("scores", conventions)
    return (
        rf"\frac{{\partial {weight}_i}}{{\partial {score}_j}}"
        rf" = \frac{{{weight}_i\,(\delta_{{ij}} - {weight}_j)}}{{T}}"
    )


def code(lab: Lab, trace: Trace) -> str:
    """Return the PyTorch of everything on the page, the Jacobian included."""
    said = "# The Jacobian is of the row as it was typed, in float64."
    return "\n".join([step_cards.pytorch_of(trace), "", said, _jacobian_code(lab)])


def _jacobian_code(lab: Lab) -> str:
    chosen = lab.of(NormalisationChoices)
    temperature, row = repr(chosen.temperature), list(chosen.row_scores)
    return "\n".join(
        [
            f"row = torch.tensor({row}, dtype=torch.float64)",
            f"p = torch.softmax(row / {temperature}, dim=-1)",
            f"jacobian = (torch.diag(p) - torch.outer(p, p)) / {temperature}",
        ]
    )


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page and the Jacobian of its softmax, to be taken along."""
    jacobian, _ = jacobian_of(lab)
    derived = Derived(
        "jacobian",
        "how each weight answers to each score, of the row as it was typed, in float64",
        _jacobian_code(lab),
        jacobian,
        ("weight of key token", "score of key token"),
        jacobian_rounding(
            torch.tensor(lab.of(NormalisationChoices).row_scores, dtype=torch.float64),
            lab.of(NormalisationChoices).temperature,
        ),
    )
    keys = keys_of(lab)
    trace = trace_of(lab)
    return [Shown("row", "Three ways to make weights", trace, [QUERY], keys, (derived,))]
