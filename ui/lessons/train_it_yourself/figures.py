"""What the page "Train it yourself" shows: a training of one's own, while it goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from attention_core.export import Shown
from attention_core.figures import matrix_spec
from attention_core.figures.curves import Curve, curves_spec
from attention_core.figures.heatmap import height_of
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.recurrent.accuracy import SEEN, Accuracy
from attention_core.recurrent.language import right_translation, target_vocabulary
from attention_core.recurrent.network import fresh
from attention_core.recurrent.translation import Model, Translation, translate
from ui.cards import step_cards
from ui.cards.card import Card, Group
from ui.cards.number_words import words_of
from ui.lab.lab import Lab
from ui.lessons.train_it_yourself.words import (
    SIGNS,
    accuracy_finding,
    alignment_finding,
    choice_of,
    loss_finding,
)
from ui.server.training_process import EACH, LENGTHS
from ui.server.trainings import Choice, Report

Spec = dict[str, Any]
SHORTEST, TALLEST = 340, 460  # px, of the two curves: as tall as the alignment, if they can be
NO_POINT = (None,)  # drawn as nothing, but it has its line in the legend: no plot changes its size
FIGURES = "figures:training"


# ---- What is watched ---------------------------------------------------------------------------


def translation_of(choice: Choice, report: Report | None, words: Sequence[str]) -> Translation:
    """Return what the model makes of a sentence: as it was reported, or before its first step.

    It may write one word more than the right translation has, with its end mark.
    """
    if report:
        weights = report.tensors()
    else:
        weights = dict(fresh(choice.kind, choice.n_units, choice.seed).state_dict())
    longest = len(right_translation(words)) + 2
    return translate(Model(choice.kind, weights), words, longest=longest)


# ---- The pictures ------------------------------------------------------------------------------


def group(report: Report | None, translation: Translation, lab: Lab, steps: int) -> Group:
    """Return the loss, the accuracy by length and, with attention, the alignment."""
    losses = report.losses if report else ()
    valid = report.valid if report else ()
    accuracy = report.accuracy if report else ()
    height = max(SHORTEST, min(TALLEST, _height(translation)))
    cards = [
        Card(
            id="loss",
            title="Loss",
            spec=loss_spec(losses, valid, steps),
            height=height,
            alt=loss_finding(losses),
        ),
        Card(
            id="accuracy",
            title="Accuracy by length",
            spec=accuracy_spec(accuracy),
            height=height,
            alt=accuracy_finding(accuracy),
        ),
    ]
    if translation.weights is not None:
        cards.append(alignment_card(translation, translation.weights, lab))
    return Group(cards, arrows=False, min_width=step_cards.card_width(len(translation.source)))


def loss_spec(losses: Sequence[float], valid: Sequence[tuple[int, float]], steps: int) -> Spec:
    """Return the loss over the steps, on axes that stay where they are."""
    evenly = math.log(len(target_vocabulary()))
    places = range(EACH, EACH * len(losses) + 1, EACH)
    spec = curves_spec(
        "Loss",
        places,
        [Curve("training", "query", losses)],
        x_title="step",
        y_title="loss, in nats for each word",
        x_axis={"range": [0, steps], "nticks": 5},
        y_axis={"range": [0, math.ceil(evenly)], "dtick": 1},
        mode="lines",
    )
    unseen = curves_spec(
        "",
        [step for step, _ in valid],
        [Curve("validation", "value", [loss for _, loss in valid])],
        x_title="",
        y_title="",
        x_axis={},
        y_axis={},
        mode="markers",
    )
    level = _line(f"guessing evenly: ln {len(target_vocabulary())}", [0, steps], [evenly] * 2)
    return _with_legend(spec, [*spec["data"], *unseen["data"], level])


def _with_legend(spec: Spec, data: Sequence[Spec]) -> Spec:
    """Return a plot with these lines, all of them in the legend from the first redraw on."""
    lines = [{**line, "x": line["x"] or NO_POINT, "y": line["y"] or NO_POINT} for line in data]
    return {"data": lines, "layout": {**spec["layout"], "showlegend": True}}


def _line(name: str, x: Sequence[float], y: Sequence[float]) -> Spec:
    """Return a dotted line to compare with."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"width": 2, "dash": "dot"},
        "hoverinfo": "skip",
        "meta": {"colors": ROLE_COLOURS["quiet"]},
    }


def accuracy_spec(curve: Sequence[Accuracy]) -> Spec:
    """Return the accuracy over the number of English words."""
    spec = curves_spec(
        "Accuracy by length",
        [point.n_words for point in curve],
        [
            Curve("whole sentences", "query", [point.exact for point in curve]),
            Curve("words", "key", [point.by_token for point in curve]),
        ],
        x_title="English words in the sentence",
        y_title="share that is right",
        x_axis={"range": [0, LENGTHS[-1] + 1], "dtick": 4},
        y_axis={"range": [0, 1.05], "dtick": 0.25},
    )
    edge = _line(f"longest learnt from: {SEEN}", [SEEN, SEEN], [0, 1.05])
    return _with_legend(spec, [*spec["data"], edge])


def alignment_card(translation: Translation, weights: Tensor, lab: Lab) -> Card:
    """Return the card of the weights: a row for each word written, a column for each word read."""
    words = [SIGNS.get(word, word) for word in translation.written]
    spec = matrix_spec(
        weights,
        [words, list(translation.source)],
        axes=("word written (query)", "word read (key)"),
        title="Alignment",
        kind="weights",
        sentence="%{y} looks at %{x}: {value}",
    )
    spec["data"][0]["zmax"] = 1.0  # the same colours from the first redraw to the last
    turns = "weights" if lab.conventions.is_turned else ""
    card = step_cards.value_card(
        "alignment",
        "Alignment",
        spec,
        alignment_finding(translation, weights),
        weights,
        turns=turns,
    )
    return replace(card, height=_height(translation))  # so that a shorter text moves nothing


def _height(translation: Translation) -> int:
    """Return how tall the alignment is with as many rows as it may get."""
    return height_of(len(right_translation(translation.source)) + 2)


# ---- The formula, the code, the question -------------------------------------------------------


LOSS = r"L = -\frac{1}{n} \sum_{i=1}^{n} \ln p(y_i \mid y_1, \ldots, y_{i-1}, x)"


def code(lab: Lab, steps: int) -> str:
    """Return the code that trains what was chosen, and looks at the sentence with it."""
    choice = choice_of(lab)
    return "\n".join(
        [
            "import torch",
            "from attention_core.recurrent.training import EVERY, Trainer",
            "from attention_core.recurrent import Model, translate",
            "",
            "torch.set_num_threads(1)",
            f'trainer = Trainer("{choice.kind}", n_units={choice.n_units}, seed={choice.seed})',
            f"for step in range(1, {steps} + 1):",
            "    loss = trainer.step()  # one batch of 64 sentences",
            "    if step % EVERY == 0:",
            "        trainer.validate()",
            "",
            f"words = {list(words_of(lab))!r}",
            f'model = Model("{choice.kind}", trainer.network.state_dict())',
            "translation = translate(model, words)",
            "translation.words, translation.weights",
        ]
    )


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return nothing: what a training makes is measured, and no function of the lab."""
    return []
