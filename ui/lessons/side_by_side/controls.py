"""The controls and tables of the lesson "Side by side", drawn by Streamlit."""

from __future__ import annotations

from ui.lab.lab import MAX_HEADS, Lab
from ui.lessons.side_by_side.figures import summary
from ui.parts.number_table import number_table
from ui.parts.widgets import number_field

# ---- Words, tables, choices --------------------------------------------------------------------


def heads_chooser(lab: Lab) -> None:
    """Draw the number of heads."""
    number_field(
        "Number of heads",
        "n_heads",
        1,
        MAX_HEADS,
        width=150,
        help="d_out is split among them, so it must be divisible by their number.",
    )


def numbers(lab: Lab) -> None:
    """Draw what each mechanism did, as a table."""
    table = summary(lab)
    rows = list(zip(*table.values(), strict=True))
    number_table("Every mechanism in numbers", list(table), rows, has_sum=False)
