"""What the page "Queries, keys, values" says."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from attention_core import Trace
from attention_core.figures.findings import leading
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.lab.lab import Lab

TOLD = 6  # numbers of a vector in a sentence


def roles_said(trace: Trace, lab: Lab) -> str:
    """Return what one token is in each role, with its numbers, as Markdown."""
    row = lab.query_index
    called = names(labels_of(lab), lab.conventions)
    word, weights = literal(called[row]), trace["weights"]
    given, got = weights[row], weights[:, row]
    most, own = (result_of(float(shares.max())) for shares in (given, got))
    found, finders = (_tokens_said(shares, called) for shares in (given, got))
    finds = f"It finds {found} most, with a weight of {most}."
    if not found:
        finds = f"It finds all tokens equally, with a weight of {most}."
    found_by = f"{finders} give it most, {own}."
    if not finders:
        found_by = f"All tokens give it the same, {own}."
    elif len(leading(got)) == 1:
        found_by = f"{finders} gives it most, {own}."
    return (
        f"- **As a query** {word} asks: {_vector(trace['queries'][row])}. {finds}\n"
        f"- **As a key** it is found: {_vector(trace['keys'][row])}. {found_by}\n"
        f"- **As a value** it has this to give: {_vector(trace['values'][row])}, and gives each "
        "query its weight's share of it."
    )


def _tokens_said(shares: Tensor, called: Sequence[str]) -> str:
    """Return which tokens have the largest share; nothing if all of several do."""
    best = leading(shares)
    if 1 < len(best) == len(shares):
        return ""
    listed = [literal(called[at]) for at in best]
    return " and ".join(listed) if len(listed) <= 2 else f"{len(listed)} tokens"


def _vector(row: Tensor) -> str:
    """Return a vector's numbers, the first few of a long one."""
    numbers = [result_of(number) for number in row[:TOLD].tolist()]
    more = ", …" if len(row) > TOLD else ""
    return literal(f"({', '.join(numbers)}{more})")


def roots_said(lab: Lab) -> str:
    """Return what the scores are divided by, as Markdown."""
    root = lab.d_out**0.5
    products = "one product" if lab.d_out == 1 else f"a sum of {lab.d_out} products"
    return (
        f"With d_out = {lab.d_out}, each score is {products} and is divided by "
        f"√{lab.d_out} = {root:.4f}."
    )


def linear_said(lab: Lab) -> str:
    """Return what ``nn.Linear`` begins with at the width of the embeddings, as Markdown.

    Example:
        >>> linear_said(Lab())[:62]
        'numbers of both signs, within ±1 / √3 = ±0.5774. From embeddin'
    """
    return (
        f"numbers of both signs, within ±1 / √{lab.d} = ±{lab.d**-0.5:.4f}. From embeddings as "
        "small as the notebook's they make small scores, and weights close to even."
    )


def spread_said(trace: Trace) -> str:
    """Return how far the scores of a run spread, before and after the division, as Markdown."""
    undivided, scaled = (
        result_of(float(trace[name].detach().double().std(correction=0)))
        for name in ("scores", "scaled")
    )
    return (
        "Your own queries and keys need not be such: the standard deviation of your scores is "
        f"{undivided}, that of your scaled ones {scaled}."
    )
