"""What the page "Multi-head" says."""

from __future__ import annotations

from collections.abc import Sequence

from attention_core import Conventions, Trace
from attention_core.figures.findings import EVEN
from attention_core.numbers import result_of
from ui.cards.literal import literal, names
from ui.cards.step_cards import head_of
from ui.lab.lab import Lab
from ui.lessons.multi_head.runs import divisors, head_index, heads_of, off_of

SPLIT_ONE = "d_out = {d_out} is split among 1 head: d_head = {d_out} / 1 = {d_head}."
SPLIT = "d_out = {d_out} is split among {n_heads} heads: d_head = {d_out} / {n_heads} = {d_head}."
OWNS_ONE = (
    "{head} owns {column} {first} of `w_query`, `w_key` and `w_value`, and its scores are divided "
    "by √{d_head}."
)
OWNS = (
    "{head} owns {columns} {first} to {last} of `w_query`, `w_key` and `w_value`, and its scores "
    "are divided by √{d_head}."
)
SCALED = "The mask is the causal one: no token attends to a later one."


def not_divisible(lab: Lab) -> str:
    """Return why there are fewer heads than were asked for, as Markdown; nothing if there are not.

    Example:
        >>> not_divisible(Lab(d_out=6, n_heads=2))
        ''
        >>> not_divisible(Lab(d_out=6, n_heads=4))[:43]
        'd_out = 6 is not divisible by n_heads = 4: '
    """
    shown = heads_of(lab)
    if shown == lab.n_heads:
        return ""
    possible = [str(n_heads) for n_heads in divisors(lab.d_out)]
    heads = "1 head" if shown == 1 else f"{shown} heads"
    return (
        f"d_out = {lab.d_out} is not divisible by n_heads = {lab.n_heads}: every head owns equally "
        f"many columns, and {lab.d_out} / {lab.n_heads} is no whole number. Until you change one "
        f"of them, the page shows **{heads}**, the next smaller number that divides "
        f"{lab.d_out}. Possible with this width: {', '.join(possible)}."
    )


def off_said(lab: Lab) -> str:
    """Return what it means that heads are off, as Markdown; nothing if none is."""
    off = [head_of(head, lab.conventions) for head in off_of(lab)]
    if not off:
        return ""
    if len(off) == 1:
        return (
            f"**{off[0].capitalize()} is off**: in this run its rows of `w_out` are 0, and so it "
            "contributes exactly 0 to the output. Your table of output weights keeps its numbers."
        )
    listed = f"{', '.join(off[:-1])} and {off[-1]}".capitalize()
    return (
        f"**{listed} are off**: in this run their rows of `w_out` are 0, and so they contribute "
        "exactly 0 to the output. Your table of output weights keeps its numbers."
    )


def split_said(lab: Lab) -> str:
    """Return which columns the chosen head owns, as Markdown."""
    n_heads, head, conventions = heads_of(lab), head_index(lab), lab.conventions
    d_head = lab.d_out // n_heads
    first, last = (conventions.dimension(head * d_head + place) for place in (0, d_head - 1))
    return conventions.say(
        f"{SPLIT_ONE if n_heads == 1 else SPLIT} {OWNS_ONE if d_head == 1 else OWNS} {SCALED}",
        d_out=lab.d_out,
        n_heads=n_heads,
        d_head=d_head,
        head=head_of(head, conventions).capitalize(),
        first=first,
        last=last,
    )


def differs_said(trace: Trace, tokens: Sequence[str], conventions: Conventions) -> str:
    """Return where the heads disagree most, as Markdown."""
    weights = trace["weights"]
    if len(weights) == 1:
        return "There is one head: this is causal attention with an output projection."
    spread = weights.amax(dim=0) - weights.amin(dim=0)
    if float(spread.max()) <= EVEN:
        return "**The heads agree**: with these numbers, their weights are the same."
    row, column = divmod(int(spread.argmax()), spread.shape[1])
    cells = weights[:, row, column]
    high, low = int(cells.argmax()), int(cells.argmin())
    called = names(tokens, conventions)
    return (
        f"**The heads disagree most** about how much {literal(called[row])} gives to "
        f"{literal(called[column])}: {head_of(high, conventions)} "
        f"{result_of(float(cells[high]))}, {head_of(low, conventions)} "
        f"{result_of(float(cells[low]))}."
    )
