"""What the page "Queries, keys, values" shows: one token in three roles, scaled scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from torch import Tensor

from attention_core import SELF_ATTENTION, Trace
from attention_core.export import Shown, Table
from attention_core.figures.curves import peak_finding, peak_spec, spread_finding, spread_spec
from attention_core.figures.findings import leading
from attention_core.mechanisms.projections import ROLES
from attention_core.numbers import result_of
from attention_core.studies.scale import Scale, scales
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.cards.parameters import inputs_of
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values.choices import ScaleStudyChoices

OWN = "qkv"
PLACES = ("figures:projected", "figures:attending")
PROJECTED = tuple(ROLES.values())
ATTENDING = ("scores", "scaled", "weights", "context")
TOLD = 6  # numbers of a vector in a sentence


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return overriding.applied(SELF_ATTENTION.run(**inputs_of(lab)), lab, OWN)


def projected(lab: Lab) -> Group:
    """Return queries, keys and values, the chosen token's row of each lit up."""
    return _lit(trace_of(lab), PROJECTED, lab)


def attending(lab: Lab) -> Group:
    """Return the steps from the scores to the context vectors."""
    return _lit(trace_of(lab), ATTENDING, lab)


def _lit(trace: Trace, shown: tuple[str, ...], lab: Lab) -> Group:
    tokens = labels_of(lab)
    group = step_cards.steps(trace, shown, tokens, conventions=lab.conventions)
    group = step_cards.with_lit_rows(group, lab.query_index, tokens[lab.query_index])
    return overriding.overridable(group, OWN)


def roles_said(trace: Trace, lab: Lab) -> str:
    """Return what one token is in each role, with its numbers, as Markdown."""
    row = lab.query_index
    called = names(labels_of(lab), lab.conventions)
    word, weights = literal(called[row]), trace["weights"]
    given, got = weights[row], weights[:, row]
    most, own = (result_of(float(shares.max())) for shares in (given, got))
    found, finders = (_called(shares, called) for shares in (given, got))
    finds = f"It finds {found} most, with a weight of {most}."
    if not found:
        finds = f"It finds all tokens equally, with a weight of {most}."
    found_by = f"{finders} {'gives' if len(leading(got)) == 1 else 'give'} it most, {own}."
    if not finders:
        found_by = f"All tokens give it the same, {own}."
    return (
        f"- **As a query** {word} asks: {_vector(trace['queries'][row])}. {finds}\n"
        f"- **As a key** it is found: {_vector(trace['keys'][row])}. {found_by}\n"
        f"- **As a value** it has this to give: {_vector(trace['values'][row])}, and gives each "
        "query its weight's share of it."
    )


def _called(shares: Tensor, called: Sequence[str]) -> str:
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


# ---- Why divide by the root --------------------------------------------------------------------


@lru_cache(maxsize=8)
def _measured(most: int, seed: int) -> tuple[Scale, ...]:
    return scales(most, seed)


def scale_study(lab: Lab) -> Group:
    """Return how scores spread and softmax peaks as d_k grows, with and without the scaling."""
    found = _measured(lab.of(ScaleStudyChoices).most_d_k, lab.parameter_seed)
    cards = [
        Card(
            id="spread",
            title="Spread of the scores",
            spec=spread_spec(found),
            height=320,
            alt=spread_finding(found),
        ),
        Card(
            id="peak",
            title="Largest weight of a row",
            spec=peak_spec(found),
            height=320,
            alt=peak_finding(found),
        ),
    ]
    return Group(cards, arrows=False, min_width=step_cards.MIN_WIDTH_WIDE)


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


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page, and the study of the scores' spread as labelled data."""
    study = Table(
        "scale-study",
        "Why divide by √d_k: scores of random vectors",
        f"Measured with 64 random queries and keys of each width, seed {lab.parameter_seed}. The "
        "draws of a seed depend on the platform.",
        (
            "d_k",
            "standard deviation of the scores",
            "the same, over √d_k",
            "largest weight of a row, on average",
            "the same, over √d_k",
        ),
        tuple(
            tuple(scale)
            for scale in _measured(lab.of(ScaleStudyChoices).most_d_k, lab.parameter_seed)
        ),
    )
    trace, labels = trace_of(lab), labels_of(lab)
    return [Shown("self-attention", "Self-attention", trace, labels, tables=(study,))]
