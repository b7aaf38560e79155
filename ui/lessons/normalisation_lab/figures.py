"""What the page "Normalisation lab" shows: one row of scores, three ways of making shares of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import USUAL, Check, Conventions, Trace
from attention_core.export import Derived, Shown
from attention_core.figures import matrix_spec
from attention_core.figures.heatmap import height_of
from attention_core.glossary import symbol
from attention_core.studies.gradients import jacobian_rounding
from ui.cards import step_cards
from ui.cards.card import Card, Group, Verdict
from ui.cards.explained import Explained
from ui.cards.row_cards import row_card
from ui.lab.lab import Lab
from ui.lessons.normalisation_lab.choices import NormalisationChoices
from ui.lessons.normalisation_lab.failures import Failure, failure, fine
from ui.lessons.normalisation_lab.row import QUERY, jacobian_of, keys_of, trace_of
from ui.lessons.normalisation_lab.words import strongest

MOST = 0.25  # no weight answers more than p (1 - p) / temperature to any score


# ---- Three ways --------------------------------------------------------------------------------


def scaled(lab: Lab) -> Group:
    """Return the group of one card: the scores divided by the temperature."""
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
    """Return the card of one way of normalising, with its sum or what went wrong below it."""
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


# ---- Gradients ---------------------------------------------------------------------------------


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
