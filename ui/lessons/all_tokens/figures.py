"""What the page "All tokens at once" shows: loops beside the product, every row, another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import Check, Conventions, Trace
from attention_core.checks import distances, verdict
from attention_core.export import Shown
from attention_core.figures import finding, heatmap_spec
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.spread import spread_of
from attention_core.studies.loops import Timing, agreement, scores_by_loops, tokens_to_loop
from ui.cards import step_cards
from ui.cards.card import Card, Group, Spec, Verdict
from ui.cards.embeddings import labels_of
from ui.cards.literal import names
from ui.lab.lab import Lab
from ui.lessons.all_tokens.choices import AllTokensChoices
from ui.lessons.all_tokens.runs import order_of, trace_of
from ui.lessons.all_tokens.words import cost

# ---- Loops and the matrix product --------------------------------------------------------------


def loops_and_product(lab: Lab) -> Group:
    """Return the score matrix made both ways, how far apart they are and what they cost."""
    trace, labels = trace_of(lab), labels_of(lab)
    n_all = len(labels)
    part = tokens_to_loop(n_all)
    inputs, tokens, product = (
        trace["inputs"][:part],
        labels[:part],
        trace["scores"][:part, :part],
    )
    looped = scores_by_loops(inputs)
    check = agreement(looped.scores, product, inputs)
    cards = [
        _titled_card(shown, "scores", tokens, card_id, title, conventions=lab.conventions)
        for card_id, title, shown in (
            ("by_loops", "Two nested loops", _with_scores(trace, looped.scores)),
            ("by_product", "One matrix product", _with_scores(trace, product)),
        )
    ]
    by_loops, by_product = cards
    by_loops = replace(
        by_loops,
        formula="scores[i, j] = torch.dot(inputs[i], inputs[j])",
        note=cost(inputs, looped.multiplications),
    )
    by_product = replace(by_product, check=agreement_verdict(check))
    if part < n_all:
        note = f"The same {part} × {part} cells, out of the product of all tokens."
        by_product = replace(by_product, note=note)
    cards = [by_loops, by_product]
    return Group(cards, arrows=False, min_width=step_cards.card_width(part))


def _with_scores(trace: Trace, scores: Tensor) -> Trace:
    """Return a run with other scores, to be drawn."""
    return Trace(trace.mechanism, {**trace.inputs, "scores": scores})


def _titled_card(
    trace: Trace,
    name: str,
    tokens: Sequence[str],
    card_id: str,
    title: str,
    lit_row: int | None = None,
    *,
    conventions: Conventions,
) -> Card:
    """Return the card of a value under another title, without the value's own check."""
    card = step_cards.value_card(
        card_id,
        title,
        heatmap_spec(trace, name, tokens, lit_row=lit_row, conventions=conventions),
        finding(trace, name, tokens, query=tokens[0], conventions=conventions),
        trace[name],
        turns=name if conventions.is_turned else "",
    )
    step = trace.mechanism.step(name)
    return replace(card, formula=step.operation.pytorch(name, *step.of))


def agreement_verdict(check: Check) -> Verdict:
    """Return whether loops and product agree, as a card says it."""
    numbers = check.numbers
    if check.ok:
        return Verdict(True, f"The same numbers as the loops ({numbers}).")
    text = f"Something is wrong: the two ways differ ({numbers}). Do not trust these pictures."
    return Verdict(False, text)


def timings_spec(measured: Sequence[Timing]) -> Spec:
    """Return both times over the number of tokens, on two logarithmic axes."""
    n_tokens = [timing.n_tokens for timing in measured]
    times = {
        "two nested loops": ("key", [timing.loops * 1e3 for timing in measured]),
        "inputs @ inputs.T": ("query", [timing.product * 1e3 for timing in measured]),
    }
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": n_tokens,
            "y": milliseconds,
            "line": {"width": 3},
            "marker": {"size": 9, "symbol": "circle" if role == "query" else "square"},
            "hovertemplate": f"{name}, %{{x}} tokens: %{{y:.3~g}} ms<extra></extra>",
            "meta": {"colors": ROLE_COLOURS[role]},
        }
        for name, (role, milliseconds) in times.items()
    ]
    layout = {
        "title": {"text": "Time for all scores"},
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "dragmode": False,
        "xaxis": {
            "title": {"text": "number of tokens n"},
            "type": "log",
            "tickvals": n_tokens,
            "ticktext": [str(n) for n in n_tokens],
        },
        "yaxis": {"title": {"text": "milliseconds"}, "type": "log", "dtick": 1},
    }
    return {"data": data, "layout": layout}


# ---- Every row at once -------------------------------------------------------------------------


def lit_steps(lab: Lab) -> Group:
    """Return scores, weights and context vectors with one row lit up across all three."""
    trace, tokens, conventions = trace_of(lab), labels_of(lab), lab.conventions
    group = step_cards.steps(trace, trace.steps, tokens, conventions=conventions)
    return step_cards.with_lit_rows(group, lab.query_index, tokens[lab.query_index])


# ---- Another order -----------------------------------------------------------------------------


def order_check(own: Trace, shuffled: Trace, order: Sequence[int]) -> Check:
    """Return whether each context vector is the same in both orders, once put back."""
    put_back = torch.empty_like(shuffled.output)
    put_back[list(order)] = shuffled.output
    # A score's own rounding error moves its weight, and the weight moves the mixture.
    return verdict(
        "context",
        "own order",
        distances(put_back, own.output),
        2 * spread_of(own, "context")["context"],
    )


def both_orders(lab: Lab) -> Group:
    """Return the context vectors in both orders, and that they only changed places."""
    own, row, conventions = trace_of(lab), lab.query_index, lab.conventions
    order = order_of(len(lab.tokens), lab.of(AllTokensChoices).order_seed)
    shuffled = own.mechanism.run(inputs=own["inputs"][order])
    labels = names(labels_of(lab), conventions)
    moved = [labels[position] for position in order]
    cards = [
        _titled_card(trace, "context", called, card_id, title, lit_row, conventions=conventions)
        for trace, called, card_id, title, lit_row in (
            (own, labels, "own", "Context vectors in your order", row),
            (shuffled, moved, "shuffled", "The same, shuffled", order.index(row)),
        )
    ]
    width = step_cards.card_width(len(labels) if conventions.is_turned else own.output.shape[1])
    if order == sorted(order):
        cards[1] = replace(cards[1], title="Not shuffled yet")
        return Group(cards, arrows=False, min_width=width)
    check = order_check(own, shuffled, order)
    numbers = check.numbers
    good = conventions.say(
        "Each {row} only changed its place: put back, they are the same ({numbers}).",
        numbers=numbers,
    )
    bad = f"Something is wrong: put back, they differ ({numbers}). Do not trust these pictures."
    cards[1] = replace(cards[1], check=Verdict(check.ok, good if check.ok else bad))
    return Group(cards, arrows=False, min_width=width)


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the runs of the page: in the user's order and, if there is one, in another."""
    trace, labels = trace_of(lab), labels_of(lab)
    runs = [Shown("all-tokens", "Every token at once", trace, labels)]
    order = order_of(len(labels), lab.of(AllTokensChoices).order_seed)
    if order != sorted(order):
        shuffled = trace.mechanism.run(inputs=trace["inputs"][order])
        moved = [labels[position] for position in order]
        runs.append(Shown("shuffled", "The same, shuffled", shuffled, moved))
    return runs
