"""The runs of "Dropout"."""

from __future__ import annotations

import torch
from torch import Tensor

from attention_core import CAUSAL_SELF_ATTENTION, Trace
from attention_core.studies.dropout import Mean, mean_over_draws
from ui.cards import mask, overriding
from ui.lab.lab import Lab
from ui.lessons.dropout.choices import DropoutChoices

MOST_CELLS = 4_000_000  # dropped for one study; beyond, fewer draws are made
STORED_AS = "dropout"


def trace_of(lab: Lab, *, training: bool | None = None) -> Trace:
    """Return the run that the page shows: with your mask, dropout and numbers in its steps."""
    run = CAUSAL_SELF_ATTENTION.run(
        **mask.inputs_of(lab),
        dropout=lab.of(DropoutChoices).dropout,
        training=lab.of(DropoutChoices).training if training is None else training,
        seed=lab.of(DropoutChoices).dropout_seed,
    )
    return overriding.applied(run, lab, STORED_AS)


def inputs_of(lab: Lab) -> dict[str, Tensor]:
    """Return the inputs of the run, what dropout keeps among them."""
    return dict(trace_of(lab).inputs)


def row_sums(weights: Tensor) -> list[float]:
    """Return what each row sums to."""
    return weights.double().sum(dim=-1).tolist()


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
