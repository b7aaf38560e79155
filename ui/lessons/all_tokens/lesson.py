"""The lesson "All tokens at once", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.all_tokens import figures
from ui.lessons.all_tokens.choices import AllTokensChoices
from ui.lessons.all_tokens.questions import largest_row_sum
from ui.lessons.lesson import Figures, Lesson


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Turn on *Wrong axis* and compare both sums. The scores stay as they were; the weights "
        "are mirrored at the diagonal, as here the score of two tokens is the same both ways.\n"
        "- Write a word twice: its two {rows} are equal in every picture, until you edit one of "
        "them.\n"
        "- Shuffle, then edit a number: both orders follow, and still only the places differ.\n"
        "- Type a longer sentence: for twice the tokens, all scores take four times the "
        "multiplications."
    )


LESSON = Lesson(
    name="all_tokens",
    title="All tokens at once",
    icon=":material/grid_on:",
    question="How do all tokens attend at the same time, by matrix products?",
    story="Step by step",
    place=60,
    figures={
        "figures:loops": Figures("Loops against one matrix product", figures.loops_and_product),
        "figures:timings": Figures("Measured times"),
        "figures:all": Figures("Every step", figures.lit_steps),
        "figures:orders": Figures("Another order of the tokens", figures.both_orders),
    },
    shown=figures.shown,
    choices=AllTokensChoices,
    predictions={"all": largest_row_sum},
    to_try=to_try,
)
