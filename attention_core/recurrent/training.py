"""Training, step by step: by ``make train`` to the plateau, or live on a page."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from attention_core.recurrent.network import EncoderDecoder, fresh
from attention_core.recurrent.task import TRAIN, VALID, Batch, batches

BATCH = 64
EVERY = 500  # steps between two validations
PATIENCE = 4  # validations without getting better before the learning rate is halved
BETTER = 0.01  # less by this share is better
# Each kind's own, which the search of ``rate_search`` found: the manifest keeps its every trial.
FIRST_RATE: Mapping[str, float] = {"rnn": 4e-3, "lstm": 1.6e-2, "gru": 1.6e-2, "bahdanau": 8e-3}
LAST_SHARE = 1 / 8  # of the first learning rate; halved below it, the plateau is reached
LEARNT = 5e-4  # nats for each word: below, there is next to nothing left to learn
WARM_UP = 200  # steps over which the learning rate rises
CLIP = 1.0  # the longest gradient
VALID_SEED = 2024  # the same sentences validate every run
N_VALID = 16  # batches


class TrainingError(ArithmeticError):
    """Training that cannot go on, said to the person who watches it."""


@dataclass(frozen=True)
class Point:
    """One validation on the way."""

    step: int
    loss: float  # mean over the training batches since the last one, in nats for each word
    valid: float  # of the validation sentences
    rate: float  # the learning rate


@dataclass
class Progress:
    """How far a training is: all that a run needs to be carried on, beside its weights."""

    first: float  # the learning rate it began with
    rate: float  # the learning rate now
    step: int = 0
    best: float = math.inf
    since_best: int = 0
    curve: list[Point] = field(default_factory=list)


class Trainer:
    """A model while it learns. Every ``step`` is one batch.

    Args:
        kind: One of ``network.KINDS``.
        n_units: Width of the hidden states.
        seed: Of the first weights and of the sentences. The same seed on the same machine is the
            same run; another one is another run.
        rate: The learning rate at first; None for the kind's own, which a search has found
            (``rate_search``).

    Example:
        >>> trainer = Trainer("gru", n_units=5, seed=1)
        >>> first = trainer.step()
        >>> trainer.progress.step
        1
    """

    def __init__(self, kind: str, n_units: int, seed: int, rate: float | None = None) -> None:
        first = FIRST_RATE[kind] if rate is None else rate
        self.network = fresh(kind, n_units, seed)
        self.optimizer = torch.optim.Adam(self.network.parameters(), first)
        self.dice = random.Random(seed)
        self._batches = batches(self.dice, TRAIN, BATCH)
        self.progress = Progress(first, first)
        self._losses: list[float] = []

    def step(self) -> float:
        """Learn from one batch and return its loss, in nats for each word.

        Raises:
            TrainingError: If the loss is no number any more; the weights stay as they were.
        """
        now = self.progress
        for group in self.optimizer.param_groups:
            group["lr"] = now.rate * min(1.0, (now.step + 1) / WARM_UP)
        loss = loss_of(self.network, next(self._batches))
        if not math.isfinite(loss.item()):
            raise TrainingError(
                f"The loss became {loss.item()} at step {now.step + 1}, so training stopped there. "
                "Take another seed or fewer units."
            )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        self.optimizer.step()
        now.step += 1
        self._losses.append(loss.item())
        return loss.item()

    def validate(self) -> Point:
        """Measure the loss on validation sentences, and lower the learning rate on a plateau."""
        now = self.progress
        with torch.no_grad():
            valid = sum(loss_of(self.network, batch).item() for batch in validation()) / N_VALID
        point = Point(now.step, sum(self._losses) / max(1, len(self._losses)), valid, now.rate)
        self._losses.clear()
        self._batches = batches(self.dice, TRAIN, BATCH)  # so that a run can be taken up from here
        now.curve.append(point)
        now.since_best += 1
        if valid < now.best * (1 - BETTER):
            now.best, now.since_best = valid, 0
        elif now.since_best >= PATIENCE:
            now.rate, now.since_best = now.rate / 2, 0
        return point

    @property
    def is_done(self) -> bool:
        """Whether the plateau is reached: the learning rate is too small now, or the loss."""
        now = self.progress
        return now.rate < LAST_SHARE * now.first or now.best < LEARNT

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors of the run: the weights, and Adam's two moments of each."""
        found = {f"weights.{name}": tensor for name, tensor in self.network.state_dict().items()}
        moments: Mapping[int, Any] = self.optimizer.state_dict()["state"]
        for number, state in moments.items():
            for name, tensor in state.items():
                found[f"moments.{number}.{name}"] = tensor
        return found

    def carry_on(
        self, tensors: Mapping[str, Tensor], progress: Progress, dice: tuple[Any, ...]
    ) -> None:
        """Take a run up where ``tensors``, ``progress`` and the state of ``dice`` left it."""
        weights = {
            name.removeprefix("weights."): tensor
            for name, tensor in tensors.items()
            if name.startswith("weights.")
        }
        self.network.load_state_dict(weights)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("moments."):
                _, number, kind = name.split(".")
                moments.setdefault(int(number), {})[kind] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.progress = progress
        self.dice.setstate(dice)
        self._batches = batches(self.dice, TRAIN, BATCH)


def loss_of(network: EncoderDecoder, batch: Batch) -> Tensor:
    """Return the mean cross entropy of the right words, in nats."""
    sources, targets = batch
    logits = network(sources, targets)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0)


@lru_cache(maxsize=1)
def validation() -> tuple[Batch, ...]:
    """Return the batches that every run is validated with."""
    return tuple(islice(batches(random.Random(VALID_SEED), VALID, BATCH), N_VALID))
