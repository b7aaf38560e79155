"""What the page "Dropout" shows: weights before and after, sums that are not 1, many draws."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import CAUSAL_SELF_ATTENTION, USUAL, Conventions, Trace
from attention_core.arithmetic import grouped, whole
from attention_core.dice import require_rate
from attention_core.equations import written
from attention_core.export import Shown, Table
from attention_core.figures import matrix_spec
from attention_core.figures.curves import Curve, Spec, curves_spec
from attention_core.figures.palette import range_of
from attention_core.numbers import plain, result_of
from attention_core.studies.dropout import Mean, mean_over_draws
from ui.cards import mask, overriding, step_cards
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.cards.sums import is_one
from ui.lab.lab import Lab
from ui.lessons.dropout.choices import DropoutChoices

MOST_CELLS = 4_000_000  # dropped for one study; beyond, fewer draws are made
FEW = 12  # draws that are shown as points
PLATFORM = (
    "Which weights a seed drops depends on the platform: PyTorch draws with what the processor "
    "offers, so another computer may drop others. The shares and the scaling are the same."
)
OWN = "dropout"


def trace_of(lab: Lab, *, training: bool | None = None) -> Trace:
    """Return the run that the page shows: with your mask, dropout and numbers in its steps."""
    run = CAUSAL_SELF_ATTENTION.run(
        **mask.inputs_of(lab),
        dropout=lab.of(DropoutChoices).dropout,
        training=lab.of(DropoutChoices).training if training is None else training,
        seed=lab.of(DropoutChoices).dropout_seed,
    )
    return overriding.applied(run, lab, OWN)


def inputs_of(lab: Lab) -> dict[str, Tensor]:
    """Return the inputs of the run, what dropout keeps among them."""
    return dict(trace_of(lab).inputs)


# ---- The controls ------------------------------------------------------------------------------


def plain_rate(rate: float) -> str:
    """Return a rate as it is typed.

    Example:
        >>> plain_rate(0.5), plain_rate(0.0)
        ('0.5', '0')
    """
    return repr(rate).removesuffix(".0")


def rate_of(text: str) -> float | None:
    """Return the rate that was typed, None if it is none.

    Example:
        >>> rate_of(" 0.25 "), rate_of("1"), rate_of("half")
        (0.25, None, None)
    """
    try:
        return require_rate(float(text))
    except ValueError:
        return None


# ---- Before and after --------------------------------------------------------------------------


def dropping(lab: Lab) -> Group:
    """Return the weights, which are kept, what becomes of them, and the context vectors."""
    trace = trace_of(lab)
    kept = ("kept",) if "kept" in trace.inputs else ()
    shown = ("weights", *kept, "dropped", "context")
    group = step_cards.steps(trace, shown, labels_of(lab), conventions=lab.conventions)
    cards = [_kept(card, trace, lab) if card.id == "kept" else card for card in group.cards]
    return overriding.overridable(replace(group, cards=cards), OWN)


def _kept(card: Card, trace: Trace, lab: Lab) -> Card:
    """Return the card of which weights are kept, with their number and their seed."""
    count, size = int(trace["kept"].sum()), trace["kept"].numel()
    alt = f"{count:,} of {size:,} cells are kept."
    return replace(card, alt=alt, note=f"Drawn from seed {lab.of(DropoutChoices).dropout_seed}.")


def row_sums(weights: Tensor) -> list[float]:
    """Return what each row sums to."""
    return weights.double().sum(dim=-1).tolist()


def _growth(rate: float) -> tuple[str, str]:
    """Return a rate and what it multiplies by, ``1 / (1 - rate)``, as they are printed."""
    line = written(
        lambda write: whole(1) / grouped(whole(1) - write(rate)), 1 / (1 - rate), torch.float64
    )
    return line.writer.text(rate), plain(1 / (1 - rate))


def sums_said(trace: Trace, lab: Lab) -> str:
    """Return why weights grow and rows no longer sum to 1, as Markdown."""
    if "kept" not in trace.inputs:
        return _undropped_said(trace, lab)
    dropped = trace["dropped"].nan_to_num(nan=0.0)
    place = int(dropped.argmax())
    row, column = divmod(place, dropped.shape[1])
    called = names(labels_of(lab), lab.conventions)
    rate, grown = _growth(lab.of(DropoutChoices).dropout)
    sums = [total for total in row_sums(trace["dropped"]) if total == total]
    largest = trace.explain("dropped", row, column).formula
    above = int((dropped > 1).sum())
    more = f"{above:,} weights are above 1." if above != 1 else "1 weight is above 1."
    if not above:
        more = "None is above 1 with this draw."
    ends = f"{result_of(min(sums))} and {result_of(max(sums))}" if sums else "nothing"
    return lab.conventions.say(
        "Each weight is dropped with probability {rate}. Those that stay are divided by "
        "1 − {rate}, that is multiplied by **{grown}**, so that on average nothing is lost. That "
        "makes up for the dropped ones **on average only**:\n"
        "- the {rows} now sum to between {ends};\n"
        "- the largest weight is {query} on {key}: `{largest}`. {above}\n\n"
        "At evaluation, nothing is dropped and nothing scaled: this way it costs nothing there.",
        rate=rate,
        grown=grown,
        ends=ends,
        query=literal(called[row]),
        key=literal(called[column]),
        largest=largest,
        above=more,
    )


def _undropped_said(trace: Trace, lab: Lab) -> str:
    """Return why nothing is dropped and nothing is scaled, as Markdown."""
    used = "The weights are used as they are."
    if all(is_one(total) for total in row_sums(trace["weights"]) if total == total):
        used = lab.conventions.say("The weights are used as they are, and each {row} sums to 1.")
    if lab.of(DropoutChoices).training:
        why = "**Nothing is dropped: the rate is 0.**"
        scale = "Nothing is scaled either: 1 / (1 − 0) is 1."
    else:
        why = "**Nothing is dropped: this is evaluation.**"
        scale = (
            "Nothing is scaled here: while training, the weights that stay are divided by "
            "1 − rate, so that on average they are these."
        )
    return f"{why} {used} {scale}"


def empty_said(trace: Trace, conventions: Conventions = USUAL, rate: float = 0.9) -> str:
    """Return how many rows a rate empties on average, as Markdown.

    Example:
        >>> empty_said(trace_of(Lab()))
        'all k weights of a row are dropped with probability 0.9^k: on average 4.2 of your 6 rows'
    """
    seen = (trace["weights"] > 0).sum(dim=1)  # not a number is none
    counts = [count for count in seen.tolist() if count]
    return conventions.say(
        "all k weights of a {row} are dropped with probability {rate}^k: on average {empty:.1f} of "
        "your {count} {rows}",
        rate=plain(rate),
        empty=math.fsum(rate**count for count in counts),
        count=len(counts),
    )


# ---- Many draws --------------------------------------------------------------------------------


def n_draws_of(lab: Lab) -> int:
    """Return how many draws are made: as many as chosen, fewer for a very large matrix."""
    return max(1, min(lab.of(DropoutChoices).n_draws, MOST_CELLS // len(lab.tokens) ** 2))


def study_of(lab: Lab) -> tuple[Tensor, Mean]:
    """Return the weights of evaluation, and the mean of as many draws as chosen."""
    weights = trace_of(lab, training=False)["weights"]
    return weights, mean_over_draws(
        weights,
        lab.of(DropoutChoices).dropout,
        n_draws_of(lab),
        lab.of(DropoutChoices).dropout_seed,
    )


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


def distance_finding(study: Mean) -> str:
    """Return how far the mean is after the first and after all draws."""
    n_draws, distances = len(study.distances), study.distances
    first = f"after 1 draw the mean is at most {result_of(distances[0])} from the weights"
    if n_draws == 1:
        return f"{first}."
    return f"{first}, after {n_draws:,} at most {result_of(distances[-1])}."


def grown_by(lab: Lab, rate: float) -> float:
    """Return by what a kept weight was really multiplied at a rate, from a run.

    Where a mask leaves no weight at all, it is from one without a mask.
    """
    given = mask.inputs_of(lab)
    if not bool(given["mask"].any()):
        given["mask"] = torch.ones_like(given["mask"])
    seed = lab.of(DropoutChoices).dropout_seed
    while True:
        trace = CAUSAL_SELF_ATTENTION.run(
            **given,
            dropout=rate,
            training=True,
            seed=seed,
        )
        ratios = (trace["dropped"] / trace["weights"])[trace["kept"] & (trace["weights"] > 0)]
        if len(ratios) or not bool((trace["weights"] > 0).any()):
            return float(ratios.median()) if len(ratios) else torch.nan
        seed += 1


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
