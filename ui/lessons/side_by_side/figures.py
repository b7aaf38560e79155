"""What the page "Side by side" shows: one sentence through every mechanism, on one scale."""

from __future__ import annotations

import math
import random
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
    STACKED_HEADS,
    USUAL,
    Check,
    Conventions,
    Mechanism,
    Trace,
)
from attention_core.checks import SAMPLE_SEED, distances, verdict
from attention_core.export import Derived
from attention_core.export import Shown as Taken
from attention_core.export.literals import tensor_code
from attention_core.figures import matrix_spec
from attention_core.figures.heatmap import position_labels
from attention_core.figures.labels import TwoSentences
from attention_core.glossary import symbol
from attention_core.numbers import result_of
from attention_core.spread import spread_of
from attention_core.studies.entropy import check_entropy, entropy, entropy_rounding
from ui.cards import parameters, step_cards
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import Explained
from ui.cards.other_sentence import other_of
from ui.lab.lab import Lab

TABLES = ("w_query", "w_key", "b_query", "b_key")  # what the weights depend on
CHECKED_ROWS = 256  # entropies; of more, a sample is computed again by loops
PLACE = "figures:side_"


@dataclass(frozen=True, slots=True)
class Shown:
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


# ---- Runs --------------------------------------------------------------------------------------


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


SHOWN: Mapping[str, Shown] = MappingProxyType(
    {
        "simple": Shown(
            "Simple self-attention",
            "every token",
            "nothing",
            "No trained weights: the embeddings themselves are compared. The longer an embedding, "
            "the further its scores are from 0: it draws attention from those that point its way, "
            "and loses that of those that point away.",
            _simple,
        ),
        "self": Shown(
            "Self-attention",
            "every token",
            "query, key, value weights",
            "Queries and keys are projections of the embeddings, and scores are divided by √d_k: "
            "who attends to whom can be learned.",
            _self,
        ),
        "causal": Shown(
            "Causal self-attention",
            "itself and what came before",
            "the same",
            "The same scores, but nobody sees what comes later. The first token has no choice, and "
            "the last one sees all: its {row} is that of *Self-attention*. Nothing is dropped "
            "here.",
            _causal,
        ),
        "heads": Shown(
            "Multi-head attention",
            "itself and what came before, in each head",
            "the same, and what mixes the heads",
            "The same projections, split: each head compares only its own {columns} of queries and "
            "keys, so each can look elsewhere.",
            _heads,
        ),
        "cross": Shown(
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
    return SHOWN[which].run(lab)


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
    return [which for which in SHOWN if which != "heads" or not unsplit(lab)]


def stacked_said(lab: Lab) -> str:
    """Return how far separate heads with the same weights are from the split ones, as Markdown."""
    split = trace_of(lab, "heads")
    given: dict[str, Any] = {
        name: tensor.reshape(len(tensor), lab.n_heads, -1).movedim(1, 0)
        for name, tensor in split.inputs.items()
        if name[:2] in ("w_", "b_") and not name.endswith("_out")
    }
    for name in [name for name in given if name.startswith("b_")]:
        given[name] = given[name].squeeze(1)
    stacked = STACKED_HEADS.run(split["inputs"], **given)
    allowed = 2 * spread_of(split, "weights")["weights"]  # both are the same sums
    off = distances(stacked["weights"], split["weights"])
    check = verdict("weights", "separate heads, stacked", off, allowed)
    same = "the same weights" if check.ok else ":red[**other weights**]"
    return (
        f"Separate heads, stacked, with the same columns of the matrices give {same}: "
        f"{check.numbers}. So they have no row of their own."
    )


# ---- Figures -----------------------------------------------------------------------------------


def figures_of(lab: Lab, which: str) -> Group:
    """Return a mechanism's weights, of each head, and the entropy of each row.

    Raises:
        ValueError: If the heads cannot share the width evenly.
    """
    trace, tokens, conventions = trace_of(lab, which), tokens_of(lab, which), lab.conventions
    scope, checks = f"side by side: {which}", trace.check("weights")
    heads = range(len(trace["weights"])) if trace["weights"].ndim == 3 else [None]
    cards = []
    for head in heads:
        card = step_cards.step_card(
            trace, "weights", tokens, checks, conventions=conventions, head=head
        )
        card = card.with_cells(lambda cells: {**cells, "scope": scope})
        cards.append(card.with_heatmap(zmin=0.0, zmax=1.0))
    cards.append(_entropy_card(trace["weights"], bounds_of(trace), tokens, conventions))
    width = step_cards.card_width(max(len(tokens), trace["weights"].shape[-1]))
    return Group(cards, Explained(trace, tokens, scope=scope), width, arrows=False)


def _entropy_card(
    weights: Tensor, bounds: Sequence[float], tokens: Sequence[str], conventions: Conventions
) -> Card:
    """Return the card of the entropies: a column, or one for each head."""
    bits = entropy(weights)
    columns = bits.unsqueeze(1) if bits.ndim == 1 else bits.T  # (n_queries, 1 or n_heads)
    rows = position_labels("query token", len(columns), tokens, conventions)
    heads = [step_cards.head_of(head, conventions) for head in range(columns.shape[1])]
    names = heads if bits.ndim == 2 else ["entropy"]
    spec = matrix_spec(
        columns,
        (rows, names),
        axes=("query token", "bits"),
        title="Entropy",
        kind="weights",
        sentence="%{y} (query) spreads its attention over {value} bits, %{x}",
    )
    top = math.log2(weights.shape[-1]) or 1.0
    spec["data"][0] |= {"zmin": 0.0, "zmax": top}
    card = step_cards.value_card(
        "entropy",
        conventions.say("Entropy of each {row}"),
        spec,
        entropy_said(bits, rows),
        columns,
        turns="entropy" if conventions.is_turned else "",
    )
    return replace(
        card,
        check=step_cards.verdict([_checked(weights, bits)], conventions),
        note=bounds_said(bounds, conventions),
    )


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


def bounds_said(bounds: Sequence[float], conventions: Conventions = USUAL) -> str:
    """Return how large entropies can be.

    Example:
        >>> bounds_said([2.0, 2.0])
        'In bits: 0 where one token gets everything; at most log₂ 4 = 2.0000, where 4 get the same.'
    """
    least, most = min(bounds), max(bounds)
    n_least, n_most = (round(2**bound) for bound in (least, most))
    if most == 0:
        return "In bits: with a single token there is nothing to spread."
    if least == most:
        return (
            f"In bits: 0 where one token gets everything; at most log₂ {n_most} = "
            f"{result_of(most)}, where {n_most} get the same."
        )
    return conventions.say(
        "In bits: 0 where one token gets everything; at most log₂ of the tokens that a {row} may "
        "attend to, from log₂ {n_least} = {least} to log₂ {n_most} = {most}.",
        n_least=n_least,
        least=result_of(least),
        n_most=n_most,
        most=result_of(most),
    )


def entropy_said(bits: Tensor, rows: Sequence[str]) -> str:
    """Return which row spreads its attention most and which least.

    Example:
        >>> import torch
        >>> entropy_said(torch.tensor([0.5, 2.0]), ["to", "be"])
        'mean 1.2500 bits; most spread be, 2.0000; least to, 0.5000.'
    """
    flat = bits.detach().double().flatten()
    most, least = (int(place) % len(rows) for place in (flat.argmax(), flat.argmin()))
    return (
        f"mean {result_of(float(flat.mean()))} bits; most spread {rows[most]}, "
        f"{result_of(float(flat.max()))}; least {rows[least]}, {result_of(float(flat.min()))}."
    )


def _checked(weights: Tensor, bits: Tensor) -> Check:
    """Return the entropies' second route, of a seeded sample where there are many."""
    rows, entropies = weights.flatten(end_dim=-2), bits.flatten()
    if len(rows) <= CHECKED_ROWS:
        return check_entropy(rows, entropies)
    sample = random.Random(SAMPLE_SEED).sample(range(len(rows)), CHECKED_ROWS)
    check = check_entropy(rows[sample], entropies[sample])
    return check._replace(route=f"{check.route}, {CHECKED_ROWS} seeded rows")


# ---- Words, tables, choices --------------------------------------------------------------------


def self_or_cross(lab: Lab) -> str:
    """Return what "self" means, with the shapes on screen, as Markdown."""
    weights = trace_of(lab, "cross")["weights"]
    own, other = weights.shape
    bias = " and no biases" if "b_query" in _weights_of(lab) else ""
    return (
        f"**Self** means that one sentence asks itself: queries, keys and values are made of the "
        f"same {own} tokens, and the weights are {own} × {own}. In **cross**-attention they are "
        f"made of two: {own} queries of your sentence, {other} keys and values of the other, so "
        f"the weights are {own} × {other}. It is the same arithmetic with the same matrices{bias}. "
        "A Transformer's decoder asks the source sentence this way. A mask of the future would "
        "make no sense: no token of one sentence comes before one of the other."
    )


def summary(lab: Lab) -> dict[str, list[str]]:
    """Return what each mechanism did, by column: a line for each, or for each head."""
    table: dict[str, list[str]] = {
        name: [] for name in ("mechanism", "a query may attend to", "learned", *_MEASURED)
    }
    for which in possible(lab):
        shown, trace = SHOWN[which], trace_of(lab, which)
        weights, bounds = trace["weights"].detach(), bounds_of(trace)
        heads = weights if weights.ndim == 3 else weights.unsqueeze(0)
        for head, matrix in enumerate(heads):
            called = f", {step_cards.head_of(head, lab.conventions)}" if weights.ndim == 3 else ""
            table["mechanism"].append(f"{shown.title}{called}")
            table["a query may attend to"].append(shown.asks)
            table["learned"].append(shown.learns)
            for name, measured in zip(_MEASURED, _measured(matrix, bounds), strict=True):
                table[name].append(result_of(measured))
    return table


_MEASURED = ("mean entropy (bits)", "at most", "largest weight")


def _measured(matrix: Tensor, bounds: Sequence[float]) -> tuple[float, float, float]:
    return mean_entropy(matrix), math.fsum(bounds) / len(bounds), float(matrix.max())


def mean_entropy(weights: Tensor) -> float:
    """Return the mean over all rows, in bits."""
    return float(entropy(weights.detach().double()).mean())


def entropy_formula(conventions: Conventions) -> str:
    """Return the entropy of a row, in LaTeX."""
    weight = symbol("weights", conventions)
    formula = rf"H_i = -\sum_j {weight}_{{ij}} \log_2 {weight}_{{ij}}"
    return conventions.formula(formula)


# ---- Code --------------------------------------------------------------------------------------


def code_of(lab: Lab) -> str:
    """Return PyTorch that computes every row of the page, to the last bit."""
    runs = {which: trace_of(lab, which) for which in possible(lab)}
    given: dict[str, Tensor] = {}
    for which, trace in runs.items():
        given |= {} if which == "cross" else trace.inputs
    numbers = {name: tensor for name, tensor in given.items() if tensor.is_floating_point()}
    start = Trace(Mechanism(tuple(numbers), ()), numbers)
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
        title = f"# {SHOWN[which].title}"
        parts.append("\n".join([title, trace.mechanism.pytorch(), f"{which}_weights = weights"]))
    return "\n\n".join(parts)


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


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Taken]:
    """Return the run of each mechanism that is possible, with the entropy of each row."""
    return [_taken(lab, which) for which in possible(lab)]


def _taken(lab: Lab, which: str) -> Taken:
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
    return Taken(which, SHOWN[which].title, trace, labels_of(lab), keys, (derived,))
