"""What the page "Queries, keys, values" shows: one token in three roles, scaled scores."""

from __future__ import annotations

from functools import lru_cache

from attention_core import SELF_ATTENTION, Trace
from attention_core.export import Shown, Table
from attention_core.figures.curves import peak_finding, peak_spec, spread_finding, spread_spec
from attention_core.mechanisms.projections import ROLES
from attention_core.studies.scale import Scale, scales
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of
from ui.cards.parameters import inputs_of
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values.choices import ScaleStudyChoices

STORED_AS = "qkv"
PLACES = ("figures:projected", "figures:attending")
PROJECTED = tuple(ROLES.values())
ATTENDING = ("scores", "scaled", "weights", "context")


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return overriding.applied(SELF_ATTENTION.run(**inputs_of(lab)), lab, STORED_AS)


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
    return overriding.overridable(group, STORED_AS)


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
