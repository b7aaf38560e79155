"""What the page about one query shows besides the steps' own cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from attention_core import USUAL, Conventions, Trace
from attention_core.export import Shown
from attention_core.figures import flow_spec, space_spec
from attention_core.figures.heatmap import with_numbers
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.figures.pictures import alignment_spec, flow_height
from attention_core.numbers import result_of
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of
from ui.cards.row_cards import row_card
from ui.cards.shares import SHARES, largest, left_out, share_text
from ui.lab.lab import Lab
from ui.lessons.one_query.choices import OneQueryChoices
from ui.lessons.one_query.runs import alignment_of, asked
from ui.lessons.one_query.words import dimensions_said, direction_said, largest_parts, trouble_said

WIDEST_LABELLED = 12  # columns that have room for two decimals in a third of the page
MOST_SPARE = 1.6  # how much longer than these two vectors the picture's axes may be
MOST_COLUMNS = 16  # dimensions in a table


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
    note = f"{sums} {trouble_said(trace, card.id, conventions)}".strip()
    if trace[card.id].shape[1] <= WIDEST_LABELLED:
        card = card.with_heatmap(texttemplate="%{z:.2f}")
    title = "torch.softmax" if card.id == "weights" else card.title
    return replace(card, title=title, note=note)


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
        alt=largest_parts(trace, position, names, conventions),
        note=f"{note}A line is as wide as the token's weight.",
    )
    space = Card(
        id="space",
        title="The vectors in space",
        spec=space_spec(inputs, rows.index(position), context, told, conventions),
        height=max(340, min(460, flow_height(len(told)))),
        alt=direction_said(trace, position, names, conventions),
        note=f"{note}{dimensions_said(inputs.shape[1])} Drag to turn the picture.".strip(),
    )
    return [flow, space]


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page, to be taken along."""
    labels = labels_of(lab)
    trace, query = asked(lab).trace, labels[lab.query_index]
    return [Shown("one-query", "One query and every key", trace, [query], labels)]
