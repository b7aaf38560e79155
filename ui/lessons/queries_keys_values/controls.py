"""The controls and tables of the lesson "Queries, keys, values", drawn by Streamlit."""

from __future__ import annotations

from attention_core.studies.scale import MOST_D_K, widths
from ui.cards.embeddings import labels_of
from ui.cards.literal import names
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values.choices import ScaleStudyChoices
from ui.parts.widgets import choice, query_chosen, scale

MOST_WIDTHS = (16, 64, 256, 1024, MOST_D_K)


def token_chooser(lab: Lab) -> None:
    """Draw the choice of the token that is followed through its three roles."""
    labels = names(labels_of(lab), lab.conventions)
    choice(
        "Follow this token through its three roles",
        labels,
        lab.query_index,
        widget_key="_role_token",
        on_choice=query_chosen,
        width=320,
    )


# ---- Why divide by the root --------------------------------------------------------------------


def width_slider(lab: Lab) -> None:
    """Draw the choice of how wide the vectors of the study become."""
    most = lab.of(ScaleStudyChoices).most_d_k
    options = sorted({*MOST_WIDTHS, most})
    scale(
        "Up to which width d_k?",
        "most_d_k",
        options,
        width=360,
        help=f"Measured at {len(widths(most))} widths, from the seed of the weights.",
    )
