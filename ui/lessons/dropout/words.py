"""What the page "Dropout" says."""

from __future__ import annotations

import math

import torch

from attention_core import USUAL, Conventions, Trace
from attention_core.arithmetic import grouped, whole
from attention_core.dice import require_rate
from attention_core.equations import written
from attention_core.numbers import plain, result_of
from attention_core.studies.dropout import Mean
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.cards.sums import is_one
from ui.lab.lab import Lab
from ui.lessons.dropout.choices import DropoutChoices
from ui.lessons.dropout.runs import row_sums

PLATFORM = (
    "Which weights a seed drops depends on the platform: PyTorch draws with what the processor "
    "offers, so another computer may drop others. The shares and the scaling are the same."
)


def plain_rate(rate: float) -> str:
    """Return a rate as it is typed.

    Example:
        >>> plain_rate(0.5), plain_rate(0.0)
        ('0.5', '0')
    """
    return repr(rate).removesuffix(".0")


def rate_of(text: str) -> float | None:
    """Return the rate that was typed, None if it is none.

    Example:
        >>> rate_of(" 0.25 "), rate_of("1"), rate_of("half")
        (0.25, None, None)
    """
    try:
        return require_rate(float(text))
    except ValueError:
        return None


def _growth(rate: float) -> tuple[str, str]:
    """Return a rate and what it multiplies by, ``1 / (1 - rate)``, as they are printed."""
    line = written(
        lambda write: whole(1) / grouped(whole(1) - write(rate)), 1 / (1 - rate), torch.float64
    )
    return line.writer.text(rate), plain(1 / (1 - rate))


def sums_said(trace: Trace, lab: Lab) -> str:
    """Return why weights grow and rows no longer sum to 1, as Markdown."""
    if "kept" not in trace.inputs:
        return _undropped_said(trace, lab)
    dropped = trace["dropped"].nan_to_num(nan=0.0)
    place = int(dropped.argmax())
    row, column = divmod(place, dropped.shape[1])
    called = names(labels_of(lab), lab.conventions)
    rate, grown = _growth(lab.of(DropoutChoices).dropout)
    sums = [total for total in row_sums(trace["dropped"]) if total == total]
    largest = trace.explain("dropped", row, column).formula
    above = int((dropped > 1).sum())
    more = f"{above:,} weights are above 1." if above != 1 else "1 weight is above 1."
    if not above:
        more = "None is above 1 with this draw."
    ends = f"{result_of(min(sums))} and {result_of(max(sums))}" if sums else "nothing"
    return lab.conventions.say(
        "Each weight is dropped with probability {rate}. Those that stay are divided by "
        "1 − {rate}, that is multiplied by **{grown}**, so that on average nothing is lost. That "
        "makes up for the dropped ones **on average only**:\n"
        "- the {rows} now sum to between {ends};\n"
        "- the largest weight is {query} on {key}: `{largest}`. {above}\n\n"
        "At evaluation, nothing is dropped and nothing scaled: this way it costs nothing there.",
        rate=rate,
        grown=grown,
        ends=ends,
        query=literal(called[row]),
        key=literal(called[column]),
        largest=largest,
        above=more,
    )


def _undropped_said(trace: Trace, lab: Lab) -> str:
    """Return why nothing is dropped and nothing is scaled, as Markdown."""
    used = "The weights are used as they are."
    if all(is_one(total) for total in row_sums(trace["weights"]) if total == total):
        used = lab.conventions.say("The weights are used as they are, and each {row} sums to 1.")
    if lab.of(DropoutChoices).training:
        why = "**Nothing is dropped: the rate is 0.**"
        scale = "Nothing is scaled either: 1 / (1 − 0) is 1."
    else:
        why = "**Nothing is dropped: this is evaluation.**"
        scale = (
            "Nothing is scaled here: while training, the weights that stay are divided by "
            "1 − rate, so that on average they are these."
        )
    return f"{why} {used} {scale}"


def empty_said(trace: Trace, conventions: Conventions = USUAL, rate: float = 0.9) -> str:
    """Return how many rows a rate empties on average, as Markdown.

    Example:
        >>> from ui.lessons.dropout.runs import trace_of
        >>> empty_said(trace_of(Lab()))
        'all k weights of a row are dropped with probability 0.9^k: on average 4.2 of your 6 rows'
    """
    seen = (trace["weights"] > 0).sum(dim=1)  # not a number is none
    counts = [count for count in seen.tolist() if count]
    return conventions.say(
        "all k weights of a {row} are dropped with probability {rate}^k: on average {empty:.1f} of "
        "your {count} {rows}",
        rate=plain(rate),
        empty=math.fsum(rate**count for count in counts),
        count=len(counts),
    )


def distance_finding(study: Mean) -> str:
    """Return how far the mean is after the first and after all draws."""
    n_draws, distances = len(study.distances), study.distances
    first = f"after 1 draw the mean is at most {result_of(distances[0])} from the weights"
    if n_draws == 1:
        return f"{first}."
    return f"{first}, after {n_draws:,} at most {result_of(distances[-1])}."
