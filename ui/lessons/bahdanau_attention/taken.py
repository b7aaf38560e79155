"""What is taken along from "Bahdanau attention"."""

from __future__ import annotations

from functools import lru_cache

from attention_core.export import Shown, Table
from attention_core.export.literals import tensor_code
from ui.lab.lab import Lab
from ui.lab.same import Same
from ui.lessons.bahdanau_attention.choices import BahdanauChoices
from ui.lessons.bahdanau_attention.runs import problem_of, run_of


def code_of(lab: Lab) -> str:
    """Return PyTorch that computes the attention of every written word, to the last bit."""
    run = run_of(lab)
    trace, source = run.trace, run.translation.source
    return "\n".join(
        [
            "import torch\n",
            "# the decoder's states, each before the word beside it",
            tensor_code("queries", trace["queries"], run.translation.written),
            "# the encoder's states",
            tensor_code("keys", trace["keys"], source),
            "values = keys",
            _weights_code(Same(run.model.weights), lab.of(BahdanauChoices).sees_encoder),
            "",
            trace.mechanism.pytorch(),
        ]
    )


@lru_cache(maxsize=4)
def _weights_code(weights: Same, sees_encoder: bool) -> str:
    """Return the lines that make the trained weights: the same for every sentence."""
    given = {name: weights.of[name] for name in ("w_query", "w_key")}
    given["v"] = weights.of["v"].reshape(1, -1)
    lines = [tensor_code(name, tensor, ()) for name, tensor in given.items()]
    if not sees_encoder:
        lines.append("w_key = torch.zeros_like(w_key)  # the bug")
    return "\n".join(lines)


def shown(lab: Lab) -> list[Shown]:
    """Return the attention of the whole translation; nothing where there is no trained model."""
    if problem_of(lab):
        return []
    run = run_of(lab)
    written, source = list(run.translation.written), list(run.translation.source)
    chances = run.translation.probabilities.amax(dim=1).tolist()
    table = Table(
        "words",
        "What it writes",
        "The likeliest word of each step and its probability, by the rest of the trained decoder.",
        ("written word", "probability"),
        tuple(zip(written, chances, strict=True)),
    )
    title = "The attention of every written word"
    return [Shown("attention", title, run.trace, written, source, tables=(table,))]
