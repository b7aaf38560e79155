"""The kinds of attention of "Side by side", and their runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from torch import Tensor

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    CROSS_ATTENTION,
    MULTI_HEAD_ATTENTION,
    SELF_ATTENTION,
    SIMPLE_SELF_ATTENTION,
    Trace,
)
from attention_core.figures.labels import TwoSentences
from attention_core.studies.entropy import entropy
from ui.cards import parameters
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.other_sentence import other_of
from ui.lab.lab import Lab

PLACE = "figures:side_"


@dataclass(frozen=True, slots=True)
class Kind:
    """One mechanism of the page.

    Args:
        title: Its name.
        asks: Whom a query may attend to.
        learns: What is trained.
        told: What is different from those above, as Markdown: a template of ``Conventions.say``.
        run: Its run on the numbers of a lab.
    """

    title: str
    asks: str
    learns: str
    told: str
    run: Callable[[Lab], Trace]


def _weights_of(lab: Lab, *, with_bias: bool = True) -> dict[str, Any]:
    given = parameters.parameters_of(replace(lab, d_value=0))  # as wide as the heads need them
    return {name: t for name, t in given.items() if with_bias or name.startswith("w_")}


def _simple(lab: Lab) -> Trace:
    return SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab))


def _self(lab: Lab) -> Trace:
    return SELF_ATTENTION.run(tensor_of(lab), **_weights_of(lab))


def _causal(lab: Lab) -> Trace:
    return CAUSAL_SELF_ATTENTION.run(tensor_of(lab), **_weights_of(lab))


def _heads(lab: Lab) -> Trace:
    given: dict[str, Any] = parameters.parameters_of(lab, out=True)
    return MULTI_HEAD_ATTENTION.run(tensor_of(lab), **given, n_heads=lab.n_heads)


def _cross(lab: Lab) -> Trace:
    given = _weights_of(lab, with_bias=False)
    return CROSS_ATTENTION.run(tensor_of(lab), tensor_of(other_of(lab)), **given)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "simple": Kind(
            "Simple self-attention",
            "every token",
            "nothing",
            "No trained weights: the embeddings themselves are compared. The longer an embedding, "
            "the further its scores are from 0: it draws attention from those that point its way, "
            "and loses that of those that point away.",
            _simple,
        ),
        "self": Kind(
            "Self-attention",
            "every token",
            "query, key, value weights",
            "Queries and keys are projections of the embeddings, and scores are divided by √d_k: "
            "who attends to whom can be learned.",
            _self,
        ),
        "causal": Kind(
            "Causal self-attention",
            "itself and what came before",
            "the same",
            "The same scores, but nobody sees what comes later. The first token has no choice, and "
            "the last one sees all: its {row} is that of *Self-attention*. Nothing is dropped "
            "here.",
            _causal,
        ),
        "heads": Kind(
            "Multi-head attention",
            "itself and what came before, in each head",
            "the same, and what mixes the heads",
            "The same projections, split: each head compares only its own {columns} of queries and "
            "keys, so each can look elsewhere.",
            _heads,
        ),
        "cross": Kind(
            "Cross-attention",
            "every token of another sentence",
            "query, key, value weights",
            "Your sentence asks, another one answers: keys and values come from there.",
            _cross,
        ),
    }
)


def trace_of(lab: Lab, which: str) -> Trace:
    """Return the run of a mechanism on the numbers of a lab.

    Raises:
        ValueError: If the heads cannot share the width evenly.
    """
    return KINDS[which].run(lab)


def tokens_of(lab: Lab, which: str) -> Sequence[str]:
    """Return the labels of a mechanism's tokens."""
    own = labels_of(lab)
    return TwoSentences(own, labels_of(other_of(lab))) if which == "cross" else own


def unsplit(lab: Lab) -> str:
    """Return why there are no heads, as Markdown; nothing if there are."""
    if lab.d_out % lab.n_heads == 0:
        return ""
    return (
        f"Multi-head attention splits queries, keys and values evenly: d_out = {lab.d_out} cannot "
        f"be split among n_heads = {lab.n_heads}. Choose a d_out that is a multiple of "
        f"{lab.n_heads}, or another number of heads. The other rows go on."
    )


def possible(lab: Lab) -> list[str]:
    """Return the mechanisms that can run on the numbers of a lab."""
    return [which for which in KINDS if which != "heads" or not unsplit(lab)]


def bounds_of(trace: Trace) -> list[float]:
    """Return the most bits that each query's entropy can have: log₂ of the keys it may attend to.

    Example:
        >>> bounds_of(trace_of(Lab(sentence="to be or be"), "causal"))[:2]
        [0.0, 1.0]
    """
    n_queries, n_keys = trace["weights"].shape[-2:]
    n_open = [n_keys] * n_queries
    if "mask" in trace.inputs:
        n_open = trace["mask"].sum(dim=-1).tolist()
    return [math.log2(count) if count else 0.0 for count in n_open]


def mean_entropy(weights: Tensor) -> float:
    """Return the mean over all rows, in bits."""
    return float(entropy(weights.detach().double()).mean())


def spread_out(lab: Lab, factor: float) -> dict[str, float]:
    """Return each mechanism's mean entropy once every embedding is multiplied by a factor."""
    found = {}
    for which in possible(lab):
        trace = trace_of(lab, which)
        inputs = {
            name: tensor * factor if name.endswith("inputs") else tensor
            for name, tensor in trace.inputs.items()
        }
        found[which] = mean_entropy(trace.mechanism.run(**inputs)["weights"])
    return found
