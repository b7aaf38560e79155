"""What the page "To self-attention" says."""

from __future__ import annotations

import math

import torch

from attention_core.arithmetic import exp, whole
from attention_core.equations import written
from attention_core.numbers import plain
from ui.cards import parameters, simple_run, torch_compared
from ui.lab.lab import Lab
from ui.lessons.to_self_attention.choices import ToSelfChoices
from ui.lessons.to_self_attention.ways import sequences_of, trace_of

MOST_EXPONENT = 20.0  # beyond, its power says nothing more


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
