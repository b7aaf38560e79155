"""What the page about one query shows besides the steps' own cards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, USUAL, Conventions, Trace
from attention_core.equations import equation
from attention_core.export import Shown
from attention_core.figures import flow_spec, space_spec
from attention_core.figures.findings import EVEN
from attention_core.figures.heatmap import with_numbers
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.figures.pictures import alignment_spec, flow_height
from attention_core.glossary import vector
from attention_core.numbers import plain, result_of
from attention_core.operations import NaiveSoftmax
from attention_core.studies.alignment import Alignment, alignment
from ui.cards import literal as words
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import Explained, shortened
from ui.cards.literal import literal
from ui.cards.row_cards import row_card
from ui.cards.shares import SHARES, largest, left_out, share_text
from ui.lab.lab import Lab
from ui.lessons.one_query.choices import OneQueryChoices

WIDEST_LABELLED = 12  # columns that have room for two decimals in a third of the page
MOST_SPARE = 1.6  # how much longer than these two vectors the picture's axes may be
MOST_COLUMNS = 16  # dimensions in a table
MOST_TOLD = 1024  # numbers in the embeddings; of more, only dot products near the current one
NEAR = 8  # steps, then
TOLD = 12  # tokens in a sentence


@dataclass(frozen=True, slots=True)
class Asked:
    """One query's run, and what its tokens are called."""

    trace: Trace
    names: Sequence[str]
    position: int
    conventions: Conventions

    @property
    def query(self) -> str:
        """The query token."""
        return self.names[self.position]

    @property
    def explained(self) -> Explained:
        """The run, for its cells to be picked."""
        return Explained(self.trace, self.names, self.query, self.position)


def asked(lab: Lab) -> Asked:
    """Return the run of the lab's query."""
    called = words.names(labels_of(lab), lab.conventions)
    return Asked(ONE_QUERY.run(**inputs_of(lab)), called, lab.query_index, lab.conventions)


def query_of(position: int, conventions: Conventions) -> str:
    """Return what a token's vector is called as a query, e.g. ``x⁽²⁾``."""
    return vector("inputs", position, conventions, role="query")


def context_of(position: int, conventions: Conventions) -> str:
    """Return what a token's context vector is called in a sentence.

    Example:
        >>> context_of(1, USUAL), context_of(1, Conventions(symbols="words"))
        ('the context vector z⁽²⁾', 'context vector 2')
    """
    called = vector("context", position, conventions)
    return called if conventions.symbols == "words" else f"the context vector {called}"


def inputs_of(lab: Lab) -> dict[str, torch.Tensor]:
    """Return the inputs of the mechanism with one query: the chosen row, and all rows."""
    inputs = tensor_of(lab)
    return {"query": inputs[[lab.query_index]], "inputs": inputs}


def dot_products(trace: Trace, query: str, names: Sequence[str], moment: int = 0) -> list[str]:
    """Return the arithmetic of each score, as plain text.

    The middle of a long sum is left out. With large embeddings, the sums far from the current
    moment are left out as a whole: they are told when it comes near.
    """
    is_large = trace["inputs"].numel() > MOST_TOLD
    results = trace["scores"][0].tolist()
    return [
        f"{query} · {name} = … = {result_of(results[position])}"
        if is_large and abs(position - moment) > NEAR
        else f"{query} · {name} = {shortened(trace.explain('scores', 0, position).formula)}"
        for position, name in enumerate(names)
    ]


def scores_so_far(
    trace: Trace,
    moment: int,
    query: str,
    names: Sequence[str],
    row: int | None = None,
    *,
    conventions: Conventions = USUAL,
) -> Card:
    """Return the row of scores up to the current one, which a mark points at."""
    card = row_card(trace, "scores", query, names, row, conventions=conventions)
    found = trace["scores"].clone()
    found[0, moment + 1 :] = torch.nan
    heatmap = with_numbers(card.heatmap, found)
    mark = {
        "type": "scatter",
        "mode": "markers",
        "x": [moment],
        "y": [0.72],
        "marker": {"symbol": "triangle-up", "size": 13},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"colors": ROLE_COLOURS["key"]},
    }
    card = card.with_layout(
        dragmode=False,
        xaxis={"range": [-0.5, len(names) - 0.5]},
        yaxis={"autorange": False, "range": [1.0, -0.5]},
    ).with_cells(lambda cells: {**cells, "blank": "not computed yet"})
    scores = trace["scores"][0, : moment + 1]
    best = int(scores.argmax())
    return replace(
        card,
        id="so_far",
        title="Attention scores so far",
        spec={**card.spec, "data": [heatmap, mark]},
        height=card.height + 20,
        alt=f"{moment + 1} of {len(names)} scores; this one is {result_of(float(scores[moment]))}, "
        f"the largest so far {result_of(float(scores[best]))} with {names[best]}.",
    )


def dots(lab: Lab) -> Group:
    """Return the scores so far, and the angle behind the one that the stepper stands at."""
    one = asked(lab)
    moment = min(lab.of(OneQueryChoices).moment, len(one.names) - 1)
    cards = [
        scores_so_far(
            one.trace, moment, one.query, one.names, one.position, conventions=one.conventions
        ),
        alignment_card(one.trace, moment, one.query, one.names),
    ]
    return Group(cards, one.explained, arrows=False)


def normalisations(lab: Lab) -> Group:
    """Return the three ways of making shares of the scores."""
    one = asked(lab)
    cards = normalisation_cards(one.trace, one.query, one.names, one.conventions)
    return Group(cards, one.explained, arrows=False)


def context(lab: Lab) -> Group:
    """Return the context vector."""
    one = asked(lab)
    card = row_card(one.trace, "context", one.query, one.names, conventions=one.conventions)
    return Group([card], one.explained)


def whole(lab: Lab) -> Group:
    """Return the whole of it in pictures."""
    one = asked(lab)
    cards = picture_cards(one.trace, one.position, one.names, one.conventions)
    return Group(cards, min_width=320)


def alignment_of(trace: Trace, moment: int) -> Alignment:
    """Return how the query and one key lie to each other."""
    return alignment(trace["query"][0], trace["inputs"][moment])


def alignment_card(trace: Trace, moment: int, query: str, names: Sequence[str]) -> Card:
    """Return the picture of the angle between the query and the current key."""
    found = alignment_of(trace, moment)
    longest = float(trace["inputs"].norm(dim=1).max())
    reach = min(longest, MOST_SPARE * max(found.lengths))  # one outlier must not shrink the rest
    if found.cosine is None:
        zero = query if found.lengths[0] == 0 else names[moment]
        said = f"{zero} is the zero vector: it has no direction, so there is no angle."
    else:
        said = (
            f"{names[moment]} stands at {found.degrees:.1f}° to {query}; "
            f"cosine {result_of(found.cosine)}."
        )
    return Card(
        id="alignment",
        title="The same as alignment",
        spec=alignment_spec(found, reach, query, names[moment]),
        height=270,
        alt=said,
        note="Two vectors of any width lie in one plane; this is that plane.",
    )


def alignment_sentence(trace: Trace, moment: int, query: str, names: Sequence[str]) -> str:
    """Return the current dot product as lengths and angle, in Markdown."""
    found = alignment_of(trace, moment)
    asks, key = literal(query), literal(names[moment])
    score = float(trace["scores"][0, moment])
    if found.cosine is None:
        zero = asks if found.lengths[0] == 0 else key
        return (
            f"**As alignment:** {zero} is the zero vector. It has no direction, so there is no "
            f"angle, and its dot product with anything is 0."
        )
    cosine, (first, second) = found.cosine, found.lengths
    line = equation(
        lambda write: write(first) * write(second) * write(cosine), score, trace["scores"].dtype
    )
    return (
        f"**As alignment:** the angle between {asks} and {key} is **{found.degrees:.1f}°**, its "
        f"cosine **{result_of(cosine)}**. Length of {asks} × length of {key} × cosine = "
        f"{line}: the same dot product."
    )


def normalisation_cards(
    trace: Trace, query: str, names: Sequence[str], conventions: Conventions = USUAL
) -> list[Card]:
    """Return the three ways of making shares of the scores, each with its row sum."""
    cards = [row_card(trace, step, query, names, conventions=conventions) for step in SHARES[1:]]
    cards = [_share_card(card, trace, conventions) for card in cards]
    together = torch.cat([trace[step] for step in SHARES[1:]])
    if bool((together >= 0).all()):  # also false for NaN: then each keeps a scale of its own
        cards = [card.with_heatmap(zmax=float(together.max())) for card in cards]
    return cards


def _share_card(card: Card, trace: Trace, conventions: Conventions) -> Card:
    """Return the card of one way of making shares, with its row sum."""
    total = float(trace[card.id].double().sum())
    sums = conventions.say("The {row} sums to {total}.", total=share_text(total))
    note = f"{sums} {_trouble(trace, card.id, conventions)}".strip()
    if trace[card.id].shape[1] <= WIDEST_LABELLED:
        card = card.with_heatmap(texttemplate="%{z:.2f}")
    title = "torch.softmax" if card.id == "weights" else card.title
    return replace(card, title=title, note=note)


def _trouble(trace: Trace, step: str, conventions: Conventions) -> str:
    """Return why a normalisation breaks on these scores, empty when it does not."""
    if step == "by_sum":
        return _trouble_of_sum(trace)
    if step == "naive" and float(trace["naive"].sum()) == 0:
        return conventions.say(
            "This is expected: the exponentials add up to more than float32 can hold, so the sum "
            "is infinite and every share is 0. torch.softmax subtracts the {row}'s maximum first."
        )
    if step == "naive" and not bool(trace["naive"].isfinite().all()):
        high = float(trace["scores"].max())
        if float(trace["scores"].exp().max()) == 0:
            return conventions.say(
                "This is expected: even exp({high}) is too small for float32 and becomes 0, so "
                "every share is 0 / 0. torch.softmax subtracts the {row}'s maximum first.",
                high=plain(high),
            )
        return conventions.say(
            "This is expected: exp({high}) is too large for float32, so the sum is infinite, and "
            "infinity / infinity is not a number (NaN). torch.softmax subtracts the {row}'s "
            "maximum first.",
            high=plain(high),
        )
    return ""


def _trouble_of_sum(trace: Trace) -> str:
    shares = trace["by_sum"]
    if not bool(shares.isfinite().all()):
        return "This is expected: the scores add up to 0, and nothing can be divided by 0."
    if bool((shares < 0).any()):
        return (
            f"This is expected: scores of both signs make {int((shares < 0).sum())} of these "
            "“shares” negative. Softmax makes every score positive first."
        )
    if bool((trace["scores"] < 0).all()):
        return (
            "This is expected: every score is negative, so the lowest one gets the largest share. "
            "Softmax keeps the order."
        )
    return ""


def ten_times_said(lab: Lab) -> str:
    """Return for which queries the naive softmax overflows at *Ten times larger*, as Markdown."""
    overflows = _overflows(lab.sentence, lab.keep_punctuation, lab.d)
    count, n_tokens = sum(overflows), len(overflows)
    if not count:
        said = "no score gets large enough for the naive softmax to overflow"
    elif count == n_tokens:
        said = "the naive softmax overflows, whichever token asks"
    else:
        called = words.names(labels_of(lab), lab.conventions)
        some = [literal(name) for name, own in zip(called, overflows, strict=True) if own]
        listed = f" ({', '.join(some)})" if count <= TOLD else ""
        said = f"the naive softmax overflows for {count} of {n_tokens} query tokens{listed}"
    highest = math.log(torch.finfo(torch.float32).max)
    return (
        f"- Choose *Ten times larger*: {said}. In float32, exp is infinite above {highest:.2f}; "
        "`torch.softmax` subtracts the largest score first."
    )


@lru_cache(maxsize=8)  # no edit changes it
def _overflows(sentence: str, keep_punctuation: bool, d: int) -> tuple[bool, ...]:
    """Return for each query whether the naive softmax overflows at *Ten times larger*."""
    large = Lab(sentence=sentence, keep_punctuation=keep_punctuation, d=d, preset="ten-times")
    naive = NaiveSoftmax().compute(SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(large))["scores"])
    return tuple((~naive.isfinite().all(dim=1) | ~naive.any(dim=1)).tolist())


def picture_cards(
    trace: Trace, position: int, names: Sequence[str], conventions: Conventions = USUAL
) -> list[Card]:
    """Return attention as a flow and the vectors in space."""
    context = trace["context"]
    rows, note = largest(trace, position), ""
    if len(rows) < len(names):
        rest = float(trace["weights"][0, left_out(rows, len(names))].double().sum())
        note = (
            f"Drawn are {len(rows)} of {len(names)} tokens, those with the largest weights and the "
            f"query; the weights of the others make {result_of(rest)} together. "
        )
    told, inputs, weights = (
        [names[row] for row in rows],
        trace["inputs"][rows],
        trace["weights"][:, rows],
    )
    flow = Card(
        id="flow",
        title="From inputs to the context vector",
        spec=flow_spec(weights, inputs, context, told, conventions),
        height=flow_height(len(told)),
        alt=_most(trace, position, names, conventions),
        note=f"{note}A line is as wide as the token's weight.",
    )
    space = Card(
        id="space",
        title="The vectors in space",
        spec=space_spec(inputs, rows.index(position), context, told, conventions),
        height=max(340, min(460, flow_height(len(told)))),
        alt=_direction(trace, position, names, conventions),
        note=f"{note}{_dimensions(inputs.shape[1])} Drag to turn the picture.".strip(),
    )
    return [flow, space]


def _most(trace: Trace, position: int, names: Sequence[str], conventions: Conventions) -> str:
    """Return what the context vector is mostly made of."""
    weights = trace["weights"][0]
    if len(weights) > 1 and float(weights.max() - weights.min()) <= EVEN:
        same = result_of(float(weights.max()))
        return f"{context_of(position, conventions)} takes the same from all tokens ({same})."
    order = weights.argsort(descending=True, stable=True)[:3].tolist()
    shares = [(names[row], float(weights[row])) for row in order if weights[row] >= 0.5e-4]
    told = ", then ".join(f"{name} ({result_of(share)})" for name, share in shares)
    return f"{context_of(position, conventions)} takes most from {told}."


def _direction(trace: Trace, position: int, names: Sequence[str], conventions: Conventions) -> str:
    """Return where the context vector points, compared with the query."""
    found = alignment(trace["query"][0], trace["context"][0])
    where = f"{context_of(position, conventions)} of {names[position]}"
    if found.degrees is None:
        return f"{where}: it or the query is the zero vector, so there is no angle between them."
    return f"{where} points {found.degrees:.1f}° away from the query itself."


def _dimensions(width: int) -> str:
    if width > 3:
        return f"Of the {width} dimensions, the first three are drawn."
    return "Missing dimensions are drawn as 0." if width < 3 else ""


def loops(position: int) -> str:
    """Return the notebook's way of computing the same: a loop of ``torch.dot``."""
    return f"""query = inputs[{position}]  # Python counts from 0

scores = torch.empty(len(inputs))
for i, x_i in enumerate(inputs):
    scores[i] = torch.dot(x_i, query)

weights = torch.softmax(scores, dim=0)

context = torch.zeros(query.shape)
for i, x_i in enumerate(inputs):
    context += weights[i] * x_i
"""


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page, to be taken along."""
    labels = labels_of(lab)
    trace, query = asked(lab).trace, labels[lab.query_index]
    return [Shown("one-query", "One query and every key", trace, [query], labels)]
