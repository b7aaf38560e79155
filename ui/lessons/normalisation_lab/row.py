"""The row of scores of "Normalisation lab": its table, its run, its Jacobian."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core import SIMPLE_SELF_ATTENTION, Check, Trace, normalisations
from attention_core.studies.gradients import check_jacobian, softmax_jacobian
from ui.cards.editors import Editor, Entry
from ui.cards.embeddings import tensor_of
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


def _set_entries(lab: Lab, entries: Sequence[Entry]) -> Lab:
    row = list(lab.of(NormalisationChoices).row_scores)
    for row_id, column, entry in entries:
        if row_id != ROW_ID or not 0 <= column < len(row):
            raise ValueError(f"one of the {len(row)} scores")
        row[column] = entry
    return lab.choosing(row_scores=tuple(row))


def _reset(lab: Lab, row_id: str | None) -> Lab:
    return lab.choosing(row_scores=NOTEBOOK_SCORES)


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
        >>> misfit(Lab().choosing(row_scores=(1.0, 70_000.0)), "float16")
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


def dtype_name(tensor: Tensor) -> str:
    """Return what the dtype of a tensor is called, without its library."""
    return str(tensor.dtype).removeprefix("torch.")


def jacobian_of(lab: Lab) -> tuple[Tensor, Check]:
    """Return the softmax Jacobian of the row in float64, and its second route's verdict."""
    row = torch.tensor(lab.of(NormalisationChoices).row_scores, dtype=torch.float64)
    jacobian = softmax_jacobian(row, lab.of(NormalisationChoices).temperature)
    return jacobian, check_jacobian(jacobian, row, lab.of(NormalisationChoices).temperature)


ROW = Editor("row_scores", "scores", _set_entries, _reset)
