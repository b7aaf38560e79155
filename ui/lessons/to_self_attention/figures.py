"""What the page "To self-attention" shows: three ways for one sequence to ask another."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from attention_core import (
    ADDITIVE_ATTENTION,
    Conventions,
    Mechanism,
    Trace,
    dot_product_attention,
)
from attention_core.arithmetic import exp, whole
from attention_core.checks import multiplications
from attention_core.equations import written
from attention_core.export import Shown as Taken
from attention_core.export.literals import tensor_code
from attention_core.figures.labels import TwoSentences
from attention_core.figures.palette import range_of
from attention_core.numbers import plain
from attention_core.operations import AdditiveScores
from ui.cards import overriding, parameters, simple_run, step_cards, torch_compared
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import SCOPE, Explained
from ui.cards.other_sentence import other_of
from ui.lab.lab import Lab
from ui.lessons.to_self_attention.choices import ToSelfChoices

PLACE = "figures:to_self_"
OWN = "to_self"
WIDTH = ("Width d_attn", "How wide the projected queries and keys are: d_out on other pages.")
MOST_EXPONENT = 20.0  # beyond, its power says nothing more


@dataclass(frozen=True, slots=True)
class Shown:
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


# ---- Runs --------------------------------------------------------------------------------------


def asking_of(lab: Lab) -> Lab:
    """Return the lab of the sequence that asks: the other sentence, or the same one."""
    return lab if lab.of(ToSelfChoices).same_sequence else other_of(lab)


def sequences_of(lab: Lab) -> dict[str, Tensor]:
    """Return queries, keys and values, each a sequence of embeddings."""
    asked = tensor_of(lab)
    return {"queries": tensor_of(asking_of(lab)), "keys": asked, "values": asked}


def _additive(lab: Lab) -> Trace:
    return ADDITIVE_ATTENTION.run(**sequences_of(lab), **parameters.alignment_of(lab))


def _dot(lab: Lab) -> Trace:
    return dot_product_attention().run(**sequences_of(lab))


def _scaled(lab: Lab) -> Trace:
    return dot_product_attention(lab.d).run(**sequences_of(lab))


SHOWN: Mapping[str, Shown] = MappingProxyType(
    {
        "additive": Shown(
            "Additive attention (Bahdanau, 2014)",
            "A small network, the **alignment model**, judges each pair: `w_query` and `w_key` "
            "(the paper's W and U) project a query and a key, the two are **added**, a tanh bends "
            "each sum, and `v` says how much each one counts. The paper calls its result the "
            "*energy*.",
            ("projected_queries", "projected_keys", "scores", "weights", "context"),
            "scores",
            _additive,
        ),
        "dot": Shown(
            "Dot-product attention (Luong, 2015)",
            "Nothing is learned here: a query and a key are **multiplied**, number by number, and "
            "the products are added up. The longer the two vectors, the further their score is "
            "from 0, unless they stand at a right angle.",
            ("scores", "weights", "context"),
            "scores",
            _dot,
        ),
        "scaled": Shown(
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
PLACES = tuple(f"{PLACE}{which}" for which in SHOWN)


def trace_of(lab: Lab, which: str = "additive") -> Trace:
    """Return one run of the page, with the user's own numbers in its steps."""
    return overriding.applied(SHOWN[which].run(lab), lab, own_of(which))


def own_of(which: str) -> str:
    """Return the name under which the own numbers of a run are kept."""
    return f"{OWN}_{which}"


def tokens_of(lab: Lab) -> Sequence[str]:
    """Return the labels of those that ask, which know those that are asked."""
    own = labels_of(lab)
    return (
        own if lab.of(ToSelfChoices).same_sequence else TwoSentences(labels_of(asking_of(lab)), own)
    )


# ---- Figures -----------------------------------------------------------------------------------


def figures_of(lab: Lab, which: str) -> Group:
    """Return the steps of one way, in colours that mean the same in all three."""
    traces = {name: trace_of(lab, name) for name in SHOWN}
    trace, tokens, shown = traces[which], tokens_of(lab), SHOWN[which]
    # The tables stand for what additive attention is made of, so their cells light up together.
    scope = SCOPE if which == "additive" else f"{OWN}: {which}"
    group = step_cards.steps(trace, shown.steps, tokens, conventions=lab.conventions)
    ranges = _ranges(traces)
    cards = [
        _coloured(card, ranges).with_cells(
            lambda cells: {**cells, "scope": scope, "of": _tables(cells["of"], lab)}
        )
        for card in group.cards
    ]
    explained = Explained(trace, tokens, scope=scope)
    width = step_cards.card_width(len(trace["keys"]))
    return overriding.overridable(Group(cards, explained, width), own_of(which))


def _ranges(traces: Mapping[str, Trace]) -> dict[str, tuple[float, float]]:
    """Return the ends of the colour scale for each value that more than one way has."""
    scores = [trace[SHOWN[which].scored].flatten() for which, trace in traces.items()]
    mixtures = [trace["context"].flatten() for trace in traces.values()]
    of_scores = range_of("scores", torch.cat(scores))
    return {
        "scores": of_scores,
        "scaled": of_scores,
        "weights": (0.0, 1.0),
        "context": range_of("vectors", torch.cat(mixtures)),
    }


def _coloured(card: Card, ranges: Mapping[str, tuple[float, float]]) -> Card:
    if card.id not in ranges:
        return card
    low, high = ranges[card.id]
    return card.with_heatmap(zmin=low, zmax=high)


def _tables(operands: Sequence[str], lab: Lab) -> list[str]:
    """Return the operands, the sequences that stand in the table by the table's name."""
    own = (
        ("queries", "keys", "values") if lab.of(ToSelfChoices).same_sequence else ("keys", "values")
    )
    return ["inputs" if name in own else name for name in operands]


# ---- Words and choices -------------------------------------------------------------------------


def who_asks(lab: Lab) -> str:
    """Return who asks whom, and once it is one sequence, why that is the "self", as Markdown."""
    asking, asked = (len(sequences_of(lab)[name]) for name in ("queries", "keys"))
    if not lab.of(ToSelfChoices).same_sequence:
        return lab.conventions.say(
            "The other sequence asks: a {row} for each of its tokens ({asking}). Your sentence is "
            "asked, and gives its embeddings as values: a {column} for each of its tokens "
            "({asked}).",
            asking=asking,
            asked=asked,
        )
    tokens = "1 token" if asked == 1 else f"{asked} tokens"
    told = (
        "Now your sentence asks, is asked and gives: queries, keys and values are **one** sequence "
        f"of {tokens}. Each matrix of weights is square, and on its diagonal a token asks itself. "
        "**That is the “self” in self-attention.**"
    )
    return f"{told} {_as_at_the_start(lab)}".strip()


def _as_at_the_start(lab: Lab) -> str:
    """Return whether the dot products are the page "Start here", unless there are own numbers."""
    trace, there = trace_of(lab, "dot"), simple_run.trace_of(lab)
    if any(not torch.equal(trace[name], there[name]) for name in there.steps):
        return ""
    return "The dot products below are now those of *Start here*, to the last bit."


def formula_of(which: str, lab: Lab, conventions: Conventions) -> str:
    """Return how one number of a pair is made, in LaTeX."""
    shown = SHOWN[which]
    step = shown.run(lab).mechanism.step(shown.scored)
    return step_cards.latex_of(step, conventions)[-1]


def compared(lab: Lab, which: str) -> str:
    """Return how far a run is from torch's own layers, as Markdown."""
    told = torch_compared.compared(trace_of(lab, which))
    start = "Torch has no additive attention, so its layers are put together. "
    return start + told if which == "additive" else told


def bound_said(lab: Lab) -> str:
    """Return how far apart the weights of additive attention can be at most, as Markdown.

    Example:
        >>> bound_said(Lab())[-74:]
        'exp(2·0.27227) = 1.7238 times another of its row, whatever the embeddings.'
    """
    most = float(parameters.alignment_of(lab)["v"].double().abs().sum())
    now, times = plain(most), f"exp(2·{plain(most)})"
    if 2 * most < MOST_EXPONENT:
        line = written(lambda write: exp(whole(2) * write(most)), math.exp(2 * most), torch.float64)
        now, times = line.writer.text(most), line.text
    return lab.conventions.say(
        "A tanh lies between −1 and 1, so no energy is further from 0 than the sum of `v`'s "
        "numbers without their signs, now {now}. So a weight is at most {times} times another of "
        "its {row}, whatever the embeddings.",
        now=now,
        times=times,
    )


# ---- Costs -------------------------------------------------------------------------------------


def costs(lab: Lab) -> dict[str, tuple[int, ...]]:
    """Return what each way takes from its inputs to the numbers before the softmax.

    Returns:
        For each, in the order of ``COSTS``: the numbers that are learned; what is multiplied and
        divided; how many tanh are taken; how many numbers the largest tensor on the way has.
    """
    found: dict[str, tuple[int, ...]] = {}
    for which, shown in SHOWN.items():
        trace = shown.run(lab)
        learned = sum(trace[name].numel() for name in trace.inputs if name in parameters.ALIGNMENT)
        counts = {}
        for step in trace.mechanism.steps[: trace.steps.index("weights")]:
            operands = [trace[name] for name in step.of]
            counts[step] = multiplications(step.operation, operands, trace[step.name])
        bent = [n for step, n in counts.items() if isinstance(step.operation, AdditiveScores)]
        largest = max(*bent, 0, *(trace[step.name].numel() for step in counts))
        found[which] = (learned, sum(counts.values()), sum(bent), largest)
    return found


# ---- Code --------------------------------------------------------------------------------------


def code_of(lab: Lab) -> str:
    """Return PyTorch that computes everything the page shows, to the last bit."""
    traces = {which: trace_of(lab, which) for which in SHOWN}
    given: dict[str, Tensor] = {"inputs": tensor_of(lab), **parameters.alignment_of(lab)}
    start = Trace(Mechanism(tuple(given), ()), given)
    parts = [step_cards.pytorch_of(start, labels_of(lab)).rstrip()]
    asking: Any = "queries = inputs"
    if not lab.of(ToSelfChoices).same_sequence:
        labels = labels_of(asking_of(lab))
        asking = tensor_code("queries", traces["dot"]["queries"], labels)
    parts.append(f"keys = values = inputs\n{asking}")
    for which, trace in traces.items():
        kept = f"{which}_weights, {which}_context = weights, context"
        parts.append("\n".join([f"# {SHOWN[which].title}", trace.mechanism.pytorch(), kept]))
    return "\n\n".join(parts)


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Taken]:
    """Return the three runs of the page."""
    asking, asked = labels_of(asking_of(lab)), labels_of(lab)
    keys = None if lab.of(ToSelfChoices).same_sequence else asked
    return [
        Taken(which, way.title, trace_of(lab, which), asking, keys) for which, way in SHOWN.items()
    ]
