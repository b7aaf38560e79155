"""What the page "One query" says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch

from attention_core import SIMPLE_SELF_ATTENTION, Conventions, Trace
from attention_core.equations import equation
from attention_core.figures.findings import EVEN
from attention_core.glossary import vector
from attention_core.numbers import plain, result_of
from attention_core.operations import NaiveSoftmax
from attention_core.studies.alignment import alignment
from ui.cards import literal as words
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import shortened
from ui.cards.literal import literal
from ui.lab.lab import Lab
from ui.lessons.one_query.runs import alignment_of

MOST_TOLD = 1024  # numbers in the embeddings; of more, only dot products near the current one
NEAR = 8  # steps, then
TOLD = 12  # tokens in a sentence


def query_of(position: int, conventions: Conventions) -> str:
    """Return what a token's vector is called as a query, e.g. ``x⁽²⁾``."""
    return vector("inputs", position, conventions, role="query")


def context_of(position: int, conventions: Conventions) -> str:
    """Return what a token's context vector is called in a sentence.

    Example:
        >>> from attention_core import USUAL
        >>> context_of(1, USUAL), context_of(1, Conventions(symbols="words"))
        ('the context vector z⁽²⁾', 'context vector 2')
    """
    called = vector("context", position, conventions)
    return called if conventions.symbols == "words" else f"the context vector {called}"


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


def trouble_said(trace: Trace, step: str, conventions: Conventions) -> str:
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


def largest_parts(
    trace: Trace, position: int, names: Sequence[str], conventions: Conventions
) -> str:
    """Return what the context vector is mostly made of."""
    weights = trace["weights"][0]
    if len(weights) > 1 and float(weights.max() - weights.min()) <= EVEN:
        same = result_of(float(weights.max()))
        return f"{context_of(position, conventions)} takes the same from all tokens ({same})."
    order = weights.argsort(descending=True, stable=True)[:3].tolist()
    shares = [(names[row], float(weights[row])) for row in order if weights[row] >= 0.5e-4]
    told = ", then ".join(f"{name} ({result_of(share)})" for name, share in shares)
    return f"{context_of(position, conventions)} takes most from {told}."


def direction_said(
    trace: Trace, position: int, names: Sequence[str], conventions: Conventions
) -> str:
    """Return where the context vector points, compared with the query."""
    found = alignment(trace["query"][0], trace["context"][0])
    where = f"{context_of(position, conventions)} of {names[position]}"
    if found.degrees is None:
        return f"{where}: it or the query is the zero vector, so there is no angle between them."
    return f"{where} points {found.degrees:.1f}° away from the query itself."


def dimensions_said(width: int) -> str:
    """Return which dimensions of vectors of a width are drawn in space; nothing if there are 3."""
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
