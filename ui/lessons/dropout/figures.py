"""What the page "Dropout" shows: weights before and after, sums that are not 1, many draws."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from attention_core import Trace
from attention_core.export import Shown, Table
from attention_core.figures import matrix_spec
from attention_core.figures.curves import Curve, Spec, curves_spec
from attention_core.figures.palette import range_of
from attention_core.numbers import result_of
from attention_core.studies.dropout import Mean
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of
from ui.lab.lab import Lab
from ui.lessons.dropout.choices import DropoutChoices
from ui.lessons.dropout.runs import STORED_AS, study_of, trace_of
from ui.lessons.dropout.words import PLATFORM, distance_finding, plain_rate

FEW = 12  # draws that are shown as points


# ---- Before and after --------------------------------------------------------------------------


def dropping(lab: Lab) -> Group:
    """Return the weights, which are kept, what becomes of them, and the context vectors."""
    trace = trace_of(lab)
    kept = ("kept",) if "kept" in trace.inputs else ()
    shown = ("weights", *kept, "dropped", "context")
    group = step_cards.steps(trace, shown, labels_of(lab), conventions=lab.conventions)
    cards = [_kept(card, trace, lab) if card.id == "kept" else card for card in group.cards]
    return overriding.overridable(replace(group, cards=cards), STORED_AS)


def _kept(card: Card, trace: Trace, lab: Lab) -> Card:
    """Return the card of which weights are kept, with their number and their seed."""
    count, size = int(trace["kept"].sum()), trace["kept"].numel()
    alt = f"{count:,} of {size:,} cells are kept."
    return replace(card, alt=alt, note=f"Drawn from seed {lab.of(DropoutChoices).dropout_seed}.")


# ---- Many draws --------------------------------------------------------------------------------


def mean_draws(lab: Lab) -> Group:
    """Return how far the mean of the draws is from the weights of evaluation, draw by draw."""
    weights, study = study_of(lab)
    n_draws = len(study.distances)
    cards = [
        Card(
            id="distance",
            title="Distance of the mean from evaluation",
            spec=distance_spec(study),
            height=340,
            alt=distance_finding(study),
        ),
        _matrix(study.mean, weights, lab, "mean", f"Mean of {n_draws:,} draws"),
        _matrix(weights, weights, lab, "evaluated", "Weights at evaluation"),
    ]
    return Group(cards, arrows=False, min_width=step_cards.card_width(len(lab.tokens)))


def _matrix(shown: Tensor, of: Tensor, lab: Lab, card_id: str, title: str) -> Card:
    """Return the card of weights, in the colours of those of evaluation."""
    tokens = labels_of(lab)
    spec = matrix_spec(
        shown,
        [tokens, tokens],
        axes=("query token", "key token"),
        title=title,
        kind="weights",
        sentence="%{y} (query) on %{x} (key): {value}",
    )
    cells = spec["data"][0]
    cells["zmin"], cells["zmax"] = range_of("weights", of)
    filled = shown.nan_to_num(nan=0.0)
    alt = f"largest {result_of(float(filled.max()))}, smallest {result_of(float(filled.min()))}."
    turns = card_id if lab.conventions.is_turned else ""
    return step_cards.value_card(card_id, title, spec, alt, shown, turns=turns)


def distance_spec(study: Mean) -> Spec:
    """Return the largest distance of any cell over the number of draws."""
    n_draws = len(study.distances)
    return curves_spec(
        "Distance of the mean from evaluation",
        range(1, n_draws + 1),
        [
            Curve("largest distance of a cell", "query", study.distances),
            Curve("standard error of the largest weight", "quiet", study.expected, dash="dot"),
        ],
        x_title="number of draws N",
        y_title="distance",
        x_axis={"type": "log", "dtick": 1, "tickformat": "d"},
        y_axis={"rangemode": "tozero"},
        mode="lines+markers" if n_draws <= FEW else "lines",
    )


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the runs of the page, in training and at evaluation, and the study of many draws."""
    trace, labels, chosen = trace_of(lab), labels_of(lab), lab.of(DropoutChoices)
    study = study_of(lab)[1]
    table = Table(
        "mean-of-draws",
        "Distance of the mean of many draws from evaluation",
        f"Dropped at rate {plain_rate(chosen.dropout)} from seed {chosen.dropout_seed} on, each "
        f"draw by the next seed. {PLATFORM}",
        ("draws", "largest distance of a cell", "standard error of the largest weight"),
        tuple(
            (float(draw), *measured)
            for draw, measured in enumerate(
                zip(study.distances, study.expected, strict=True), start=1
            )
        ),
    )
    runs = [Shown("dropout", "Weights, dropped, mixed", trace, labels, tables=(table,))]
    if "kept" in trace.inputs:
        evaluated = trace_of(lab, training=False)
        runs.append(Shown("evaluation", "The same at evaluation", evaluated, labels))
    return runs
