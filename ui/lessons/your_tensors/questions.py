"""The question at the end of the lesson "Your tensors", about the user's own numbers."""

from __future__ import annotations

import torch

from attention_core import Trace
from attention_core.figures.heatmap import position_labels
from attention_core.numbers import result_of
from ui.cards import prediction
from ui.cards.literal import literal, names
from ui.cards.step_cards import head_of
from ui.lab.lab import Lab
from ui.lessons.your_tensors import file_run
from ui.lessons.your_tensors.file_run import tokens_of
from ui.lessons.your_tensors.opened import Held


def most_attended(
    lab: Lab, held: Held, trace: Trace
) -> tuple[str, list[str], prediction.Truth] | None:
    """Return: which key gets most attention, all queries together? None without weights."""
    if "weights" not in trace.names or trace["weights"].dtype == torch.bool:
        return None
    head, weights = file_run.head_of(lab, held), trace["weights"]
    matrix = weights[min(head, len(weights) - 1)] if weights.ndim == 3 else weights
    if matrix.shape[1] < 2 or not bool(torch.isfinite(matrix).all()):
        return None
    tokens = tokens_of(lab, held, trace)
    shown = names(
        position_labels("key token", matrix.shape[1], tokens, lab.conventions), lab.conventions
    )
    sums = matrix.double().sum(dim=0)
    right = int(sums.argmax())
    ties = torch.nonzero(sums >= sums.max() - 1e-6).flatten().tolist()
    place = f" of {head_of(head, lab.conventions)}" if weights.ndim == 3 else ""
    question = f"Which key gets the most attention{place}, all queries added up?"
    because = (
        f"{literal(shown[right])} gets {result_of(float(sums[right]))} in all, of "
        f"{result_of(float(sums.sum()))} that there are to give."
    )
    plain = names(position_labels("key token", matrix.shape[1], tokens))
    return question, plain, prediction.Truth(right, because, frozenset(ties), tuple(shown))
