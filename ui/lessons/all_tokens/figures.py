"""What the page "All tokens at once" shows: loops beside the product, every row, another order."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import (
    SIMPLE_SELF_ATTENTION,
    USUAL,
    Check,
    Conventions,
    Mechanism,
    Trace,
)
from attention_core.checks import distances, verdict
from attention_core.export import Shown
from attention_core.figures import finding, heatmap_spec
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.numbers import result_of
from attention_core.operations import Softmax
from attention_core.spread import spread_of
from attention_core.studies.loops import Timing, agreement, scores_by_loops, tokens_to_loop
from ui.cards import step_cards
from ui.cards.card import Card, Group, Spec, Verdict
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.sums import is_one
from ui.lab.lab import Lab
from ui.lessons.all_tokens.choices import AllTokensChoices

LOOPS_CODE = """\
scores = torch.zeros(len(inputs), len(inputs))
for i, query in enumerate(inputs):
    for j, key in enumerate(inputs):
        scores[i, j] = torch.dot(query, key)"""
WRONG_AXIS = SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2))
TOLD = 12


def mechanism_of(lab: Lab) -> Mechanism:
    """Return self-attention, with its softmax over the wrong axis if the learner chose that."""
    return WRONG_AXIS if lab.of(AllTokensChoices).wrong_axis else SIMPLE_SELF_ATTENTION


# ---- Loops and the matrix product --------------------------------------------------------------


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return mechanism_of(lab).run(inputs=tensor_of(lab))


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
        _card(shown, "scores", tokens, card_id, title, conventions=lab.conventions)
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


def partly(n_tokens: int, d_in: int) -> str:
    """Return for which tokens the loops are run, and why not for all, as Markdown.

    Example:
        >>> partly(6, 3)
        ''
    """
    part = tokens_to_loop(n_tokens)
    if part == n_tokens:
        return ""
    return (
        f"The loops are run for **the first {part} of {n_tokens} tokens**: all "
        f"would be {n_tokens} · {n_tokens} · {d_in} = {n_tokens * n_tokens * d_in:,} "
        "multiplications, one at a time."
    )


def _with_scores(trace: Trace, scores: Tensor) -> Trace:
    """Return a run with other scores, to be drawn."""
    return Trace(trace.mechanism, {**trace.inputs, "scores": scores})


def _card(
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


def cost(inputs: Tensor, multiplications: int) -> str:
    """Return what the loops had to do, in words."""
    n_tokens, d_in = inputs.shape
    return (
        f"Multiplications counted while they ran: {multiplications:,}, that is {d_in} in each of "
        f"{n_tokens} × {n_tokens} dot products."
    )


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


def timings_finding(measured: Sequence[Timing]) -> str:
    """Return what was measured, at the largest size."""
    last = measured[-1]
    ratio = last.loops / last.product if last.product > 0 else math.inf
    return (
        f"for {last.n_tokens} tokens the loops took {last.loops * 1e3:.3g} ms and the product "
        f"{last.product * 1e3:.2g} ms, {ratio:,.0f} times less."
    )


# ---- Every row at once -------------------------------------------------------------------------


def lit_steps(lab: Lab) -> Group:
    """Return scores, weights and context vectors with one row lit up across all three."""
    trace, tokens, conventions = trace_of(lab), labels_of(lab), lab.conventions
    group = step_cards.steps(trace, trace.steps, tokens, conventions=conventions)
    return step_cards.with_lit_rows(group, lab.query_index, tokens[lab.query_index])


def sums_of(weights: Tensor) -> tuple[list[float], list[float]]:
    """Return what each row and each column of the weights sums to."""
    exact = weights.double()
    return exact.sum(dim=1).tolist(), exact.sum(dim=0).tolist()


def sums_explained(trace: Trace, *, wrong_axis: bool, conventions: Conventions = USUAL) -> str:
    """Return what the sums mean, as Markdown."""
    rows, columns = sums_of(trace["weights"])
    off = max(abs(total - 1) for total in (columns if wrong_axis else rows))
    if len(rows) == 1:
        return conventions.say(
            "With a single token, its one weight is 1: {rows} and {columns} cannot differ."
        )
    if not wrong_axis:
        return conventions.say(
            "**Every {row} sums to 1** (the furthest is off by {off:.1g}): each query shares out "
            "one whole attention. The {columns} need not: a {column}'s sum is how much attention a "
            "token receives from all queries together, here from {least} to {most}.",
            off=off,
            least=result_of(min(columns)),
            most=result_of(max(columns)),
        )
    if all(map(is_one, rows)):
        return conventions.say(
            "**Now every {column} is made to sum to 1**. With these numbers the {rows} happen to "
            "do so too, and the mistake does not show: no test on such numbers would find it. "
            "Change a number in the table."
        )
    return conventions.say(
        "**Now every {column} sums to 1, and the {rows} do not**: they sum to between {least} and "
        "{most}. With `dim=0` the softmax runs over the first axis, so the *queries* compete for a "
        "key, instead of the keys for a query. No error is raised and every weight still lies "
        "between 0 and 1: only the sums tell. Each query's {row} must share out one whole, over "
        "the keys, the last axis: `dim=-1`.",
        least=result_of(min(rows)),
        most=result_of(max(rows)),
    )


# ---- Another order -----------------------------------------------------------------------------


def order_of(n_tokens: int, seed: int) -> list[int]:
    """Return the tokens' order for a seed: its positions, each holding a token's own row.

    Example:
        >>> order_of(4, seed=0), order_of(4, seed=7)
        ([0, 1, 2, 3], [3, 1, 0, 2])
    """
    own = list(range(n_tokens))
    if seed == 0 or n_tokens < 2:
        return own
    dice = random.Random(seed)
    order = list(own)
    while order == own:
        dice.shuffle(order)
    return order


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
        _card(trace, "context", called, card_id, title, lit_row, conventions=conventions)
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


def moves(tokens: Sequence[str], order: Sequence[int], conventions: Conventions = USUAL) -> str:
    """Return which row went where, as Markdown.

    Example:
        >>> moves(["to", "be"], [1, 0])
        'Which row went where: **to** 1 → 2 · **be** 2 → 1.'
    """
    if list(order) == sorted(order):
        return ""
    places = {token: place for place, token in enumerate(order)}
    listed = [
        f"**{literal(token)}** {conventions.number(row)} → {conventions.number(places[row])}"
        for row, token in enumerate(tokens[:TOLD])
    ]
    more = f" · and {len(tokens) - TOLD} more" if len(tokens) > TOLD else ""
    where = f"{' · '.join(listed)}{more}"
    return conventions.say("Which {row} went where: {where}.", where=where)


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
