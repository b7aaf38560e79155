"""What the page "Train it yourself" says."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from attention_core.numbers import plain, result_of
from attention_core.recurrent.accuracy import Accuracy
from attention_core.recurrent.language import END, START, right_alignment, right_translation
from attention_core.recurrent.marking import aligned
from attention_core.recurrent.translation import Translation
from ui.cards.literal import literal
from ui.cards.marked import marked
from ui.lab.lab import Lab
from ui.lessons.train_it_yourself.choices import TrainingChoices
from ui.server.training_process import EACH, N_SENTENCES
from ui.server.trainings import (
    DONE,
    FAILED,
    PAUSED,
    QUEUED,
    RUNNING,
    STOPPED,
    Choice,
    Trainings,
    View,
)

SIGNS = {END: "(end)", START: "(start)"}
BADGES = {
    QUEUED: ":orange-badge[:material/hourglass: Queued]",
    RUNNING: ":green-badge[:material/play_arrow: Running]",
    PAUSED: ":blue-badge[:material/pause: Paused]",
    DONE: ":green-badge[:material/check: Done]",
    STOPPED: ":gray-badge[:material/stop: Stopped]",
    FAILED: ":red-badge[:material/error: Ended]",
}


def choice_of(lab: Lab) -> Choice:
    """Return what the lab says to train."""
    return Choice(
        lab.of(TrainingChoices).train_kind,
        lab.of(TrainingChoices).train_units,
        lab.of(TrainingChoices).train_seed,
    )


def status(view: View | None, lab: Lab, trainings: Trainings) -> str:
    """Return in a line what the training does, as Markdown."""
    budget = trainings.budget
    if view is None:
        return (
            f"Not started. One training is up to {budget.steps:,} steps or {budget.seconds:.0f} "
            "seconds of learning, whatever comes first."
        )
    said = [f"{BADGES[view.state]} {called(view.choice)}"]
    if view.state == QUEUED:
        ahead = f"{view.before} before you" if view.before else "you are next"
        most = budget.seconds + budget.paused
        said.append(
            f"{ahead}; {trainings.at_once} at a time, each {budget.seconds:.0f} s, or "
            f"{most:.0f} s with its pauses"
        )
    elif view.is_active and not view.report:
        said.append("its process is starting, which takes some seconds")
    if view.report:
        said.append(f"step {view.report.step:,} of {budget.steps:,}")
        if view.report.losses:
            said.append(f"loss {plain(round(view.report.losses[-1], 3))}")
        said.append(f"{view.report.seconds:.0f} of {budget.seconds:.0f} s")
    if view.said:
        said.append(literal(view.said))
    if not view.is_active and view.choice != choice_of(lab):
        said.append("*Start again* trains what you chose above")
    return " · ".join(said)


def called(choice: Choice) -> str:
    """Return a choice in words.

    Example:
        >>> called(Choice("lstm", 8, 3))
        'lstm, 8 units, seed 3'
    """
    return f"{choice.kind}, {choice.n_units} units, seed {choice.seed}"


def loss_finding(losses: Sequence[float]) -> str:
    """Return how far the loss has come."""
    if not losses:
        return "nothing is learnt yet."
    first, last = result_of(losses[0]), result_of(losses[-1])
    return f"from {first} in the first {EACH} steps to {last} in the last {EACH}."


def accuracy_finding(curve: Sequence[Accuracy]) -> str:
    """Return how long the sentences are that the model gets right."""
    if not curve:
        return "nothing is measured yet."
    good = [point.n_words for point in curve if point.exact >= 0.5]
    most = f"at least half of the sentences of {good[-1]} words" if good else "few sentences"
    return f"{most} are right, of up to {N_SENTENCES} of each length that it never learnt from."


def alignment_finding(translation: Translation, weights: Tensor) -> str:
    """Return in a sentence how much weight the right words put on what they translate."""
    belongs = right_alignment(translation.source)
    right = right_translation(translation.source)
    shares, at = [], 0
    for place in aligned(translation.words, right):  # as the words themselves are marked
        if place.is_right:
            shares.append(float(weights[place.step][list(belongs[at])].sum()))
        at += bool(place.right)
    if not shares:
        return "no word is right yet, so nothing is aligned."
    mean = sum(shares) / len(shares)
    return (
        f"at the {len(shares)} of {len(right)} words that are right, {result_of(mean)} of the "
        "weight is on what they translate, on average."
    )


def written(translation: Translation, choice: Choice) -> str:
    """Return the translation beside the right one, and what a model without attention lacks."""
    right = right_translation(translation.source)
    found = marked(translation.words, right, SIGNS) if translation.words else "(nothing)"
    is_right = translation.words == right and translation.ended
    lines = [
        f"- **Read**: {literal(' '.join(translation.source))}",
        f"- **Written**: {found}{' ✓' if is_right else ''}",
        f"- **Right**: {literal(' '.join(right))}",
    ]
    if translation.weights is None:
        lines.append(
            f"- **Alignment**: there is none. The decoder of the {choice.kind} gets the encoder's "
            "final state and nothing else, so there are no weights to draw."
        )
    return "\n".join(lines)
