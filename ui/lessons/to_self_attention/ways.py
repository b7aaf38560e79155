"""The ways of attending of "To self-attention", and their runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from attention_core import ADDITIVE_ATTENTION, Trace, dot_product_attention
from attention_core.figures.labels import TwoSentences
from ui.cards import overriding, parameters
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.other_sentence import other_of
from ui.lab.lab import Lab
from ui.lessons.to_self_attention.choices import ToSelfChoices

PLACE = "figures:to_self_"
STORED_AS = "to_self"


@dataclass(frozen=True, slots=True)
class Way:
    """One way of attending on the page.

    Args:
        title: Its name.
        told: What is particular about it, as Markdown.
        steps: What is drawn of it.
        scored: The step that a pair's number comes from, whose formula is shown.
        run: Its run on the numbers of a lab.
    """

    title: str
    told: str
    steps: tuple[str, ...]
    scored: str
    run: Callable[[Lab], Trace]


def asking_of(lab: Lab) -> Lab:
    """Return the lab of the sequence that asks: the other sentence, or the same one."""
    return lab if lab.of(ToSelfChoices).same_sequence else other_of(lab)


def sequences_of(lab: Lab) -> dict[str, Tensor]:
    """Return both sequences: the asking one as queries, the other as keys and values."""
    asked = tensor_of(lab)
    return {"queries": tensor_of(asking_of(lab)), "keys": asked, "values": asked}


def _additive(lab: Lab) -> Trace:
    return ADDITIVE_ATTENTION.run(**sequences_of(lab), **parameters.alignment_of(lab))


def _dot(lab: Lab) -> Trace:
    return dot_product_attention().run(**sequences_of(lab))


def _scaled(lab: Lab) -> Trace:
    return dot_product_attention(lab.d).run(**sequences_of(lab))


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "additive": Way(
            "Additive attention (Bahdanau, 2014)",
            "A small network, the **alignment model**, judges each pair: `w_query` and `w_key` "
            "(the paper's W and U) project a query and a key, the two are **added**, a tanh bends "
            "each sum, and `v` says how much each one counts. The paper calls its result the "
            "*energy*.",
            ("projected_queries", "projected_keys", "scores", "weights", "context"),
            "scores",
            _additive,
        ),
        "dot": Way(
            "Dot-product attention (Luong, 2015)",
            "Nothing is learned here: a query and a key are **multiplied**, number by number, and "
            "the products are added up. The longer the two vectors, the further their score is "
            "from 0, unless they stand at a right angle.",
            ("scores", "weights", "context"),
            "scores",
            _dot,
        ),
        "scaled": Way(
            "Scaled dot-product attention (Vaswani, 2017)",
            "The same scores, divided by √d_k, the root of the keys' width. Of vectors whose "
            "entries are independent, with mean 0 and variance 1, this takes away what width alone "
            "does to the spread of their scores.",
            ("scaled", "weights", "context"),
            "scaled",
            _scaled,
        ),
    }
)


PLACES = tuple(f"{PLACE}{which}" for which in WAYS)


def trace_of(lab: Lab, which: str = "additive") -> Trace:
    """Return one run of the page, with the user's own numbers in its steps."""
    return overriding.applied(WAYS[which].run(lab), lab, own_of(which))


def own_of(which: str) -> str:
    """Return the name under which the own numbers of a run are kept."""
    return f"{STORED_AS}_{which}"


def tokens_of(lab: Lab) -> Sequence[str]:
    """Return the labels of those that ask, which know those that are asked."""
    own = labels_of(lab)
    return (
        own if lab.of(ToSelfChoices).same_sequence else TwoSentences(labels_of(asking_of(lab)), own)
    )
