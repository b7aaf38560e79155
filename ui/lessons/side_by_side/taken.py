"""What is taken along from "Side by side"."""

from __future__ import annotations

from torch import Tensor

from attention_core import Mechanism, Trace
from attention_core.export import Derived, Shown
from attention_core.export.literals import tensor_code
from attention_core.studies.entropy import entropy, entropy_rounding
from ui.cards import step_cards
from ui.cards.embeddings import labels_of
from ui.cards.other_sentence import other_of
from ui.lab.lab import Lab
from ui.lessons.side_by_side.kinds import KINDS, possible, trace_of


def code_of(lab: Lab) -> str:
    """Return PyTorch that computes every row of the page, to the last bit."""
    runs = {which: trace_of(lab, which) for which in possible(lab)}
    given: dict[str, Tensor] = {}
    for which, trace in runs.items():
        given |= {} if which == "cross" else trace.inputs
    numbers = {name: tensor for name, tensor in given.items() if tensor.is_floating_point()}
    start = Trace(Mechanism.of(numbers), numbers)
    parts = [step_cards.pytorch_of(start, labels_of(lab)).rstrip()]
    other = other_of(lab)
    parts.append(
        "\n".join(
            [
                "query_inputs = inputs",
                tensor_code("key_inputs", runs["cross"]["key_inputs"], labels_of(other)),
                "mask = torch.ones(len(inputs), len(inputs), dtype=torch.bool).tril()",
            ]
        )
    )
    for which, trace in runs.items():
        title = f"# {KINDS[which].title}"
        parts.append("\n".join([title, trace.mechanism.pytorch(), f"{which}_weights = weights"]))
    return "\n\n".join(parts)


def shown(lab: Lab) -> list[Shown]:
    """Return the run of each mechanism that is possible, with the entropy of each row."""
    return [_taken(lab, which) for which in possible(lab)]


def _taken(lab: Lab, which: str) -> Shown:
    trace, other = trace_of(lab, which), labels_of(other_of(lab))
    bits, heads = entropy(trace["weights"]), ("head",) * (trace["weights"].ndim - 2)
    derived = Derived(
        "bits",
        "the entropy of each row of weights, in bits",
        "bits = -torch.xlogy(weights, weights).sum(dim=-1) / math.log(2)",
        bits,
        (*heads, "query token"),
        entropy_rounding(trace["weights"]),
        lambda values: entropy(values["weights"]),
    )
    keys = other if which == "cross" else None
    return Shown(which, KINDS[which].title, trace, labels_of(lab), keys, (derived,))
