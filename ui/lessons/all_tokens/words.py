"""What the page "All tokens at once" says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from attention_core import USUAL, Conventions, Trace
from attention_core.numbers import result_of
from attention_core.studies.loops import Timing, tokens_to_loop
from ui.cards.literal import literal
from ui.cards.sums import is_one
from ui.lessons.all_tokens.runs import sums_of

LOOPS_CODE = """\
scores = torch.zeros(len(inputs), len(inputs))
for i, query in enumerate(inputs):
    for j, key in enumerate(inputs):
        scores[i, j] = torch.dot(query, key)"""
TOLD = 12


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


def cost(inputs: Tensor, multiplications: int) -> str:
    """Return what the loops had to do, in words."""
    n_tokens, d_in = inputs.shape
    return (
        f"Multiplications counted while they ran: {multiplications:,}, that is {d_in} in each of "
        f"{n_tokens} × {n_tokens} dot products."
    )


def timings_finding(measured: Sequence[Timing]) -> str:
    """Return what was measured, at the largest size."""
    last = measured[-1]
    ratio = last.loops / last.product if last.product > 0 else math.inf
    return (
        f"for {last.n_tokens} tokens the loops took {last.loops * 1e3:.3g} ms and the product "
        f"{last.product * 1e3:.2g} ms, {ratio:,.0f} times less."
    )


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
