"""One small search gives each kind of model its first learning rate, on validation data alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from attention_core.recurrent.network import KINDS
from attention_core.recurrent.training import EVERY, Point, Trainer, TrainingError

RATES = (3.2e-2, 1.6e-2, 8e-3, 4e-3, 2e-3, 1e-3)
SEED = 100  # of no model that is shipped
N_UNITS = 32
AT_FIRST = 1_500  # steps at the rate itself
LATER = 500  # steps at a half, at a quarter and at an eighth of it
STEPS = AT_FIRST + 3 * LATER


@dataclass(frozen=True)
class Trial:
    """What one rate led to.

    Attributes:
        kind: One of ``network.KINDS``.
        rate: The learning rate at first.
        curve: Of the validations. A trial whose loss was no number any more has a shorter one.
    """

    kind: str
    rate: float
    curve: tuple[Point, ...]

    @property
    def loss(self) -> float:
        """The validation loss at its end, in nats for each word; infinite without an end."""
        return self.curve[-1].valid if self.curve and self.curve[-1].step == STEPS else math.inf


def rate_at(first: float, step: int) -> float:
    """Return a trial's learning rate: the three halvings of a long training, in short.

    Example:
        >>> [rate_at(0.8, step) for step in (0, 1499, 1500, 2000, 2999)]
        [0.8, 0.8, 0.4, 0.2, 0.1]
    """
    return float(first / 2 ** max(0, (step - AT_FIRST) // LATER + 1))


def tried(kind: str, rate: float) -> Trial:
    """Train a model for a short while from a learning rate, and return the loss it led to."""
    trainer = Trainer(kind, N_UNITS, SEED, rate)
    curve = []
    try:
        while trainer.progress.step < STEPS:
            trainer.progress.rate = rate_at(rate, trainer.progress.step)
            trainer.step()
            if trainer.progress.step % EVERY == 0:
                curve.append(trainer.validate())
    except TrainingError:
        pass  # the shorter curve says so
    return Trial(kind, rate, tuple(curve))


def chosen(trials: Iterable[Trial]) -> dict[str, float]:
    """Return each kind's first learning rate: the one with the lowest loss, of two the larger.

    Example:
        >>> ends = {1e-2: 0.5, 5e-3: 0.25, 1e-3: 0.25}
        >>> trials = [Trial("gru", rate, (Point(STEPS, 1.0, loss, rate / 8),))
        ...           for rate, loss in ends.items()]
        >>> chosen(trials)
        {'gru': 0.005}
    """
    by_kind: dict[str, list[Trial]] = {}
    for trial in trials:
        by_kind.setdefault(trial.kind, []).append(trial)
    return {
        kind: min(by_kind[kind], key=lambda trial: (trial.loss, -trial.rate)).rate
        for kind in KINDS
        if kind in by_kind
    }
