"""The lesson "Side by side", declared."""

from __future__ import annotations

from functools import partial

from ui.cards.other_sentence import MOST_OTHER
from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson
from ui.lessons.side_by_side import figures
from ui.lessons.side_by_side.kinds import KINDS, PLACE
from ui.lessons.side_by_side.questions import doubled_embeddings
from ui.lessons.side_by_side.taken import shown


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Set all *Query weights* to 0 (and the query bias, if there is one): the {rows} of "
        "*Simple self-attention* stay; every other score is 0, and all other {rows} become even, "
        "each over the tokens it may attend to.\n"
        "- Begin the weights by `nn.Linear`: from embeddings as small as the notebook's they make "
        "small scores, and entropies come close to their largest.\n"
        "- Type your own sentence as the other one too: *Cross-attention* becomes "
        "*Self-attention* (without biases, and with at most {most} tokens).\n"
        "- Choose as many heads as d_out: each compares a single number.",
        most=MOST_OTHER,
    )


LESSON = Lesson(
    name="side_by_side",
    title="Side by side",
    icon=":material/compare:",
    question="What does each mechanism make of the same sentence?",
    story="As in a model",
    place=120,
    figures={
        f"{PLACE}{which}": Figures(it.title, partial(figures.figures_of, which=which))
        for which, it in KINDS.items()
    },
    shown=shown,
    predictions={"side": doubled_embeddings},
    to_try=to_try,
    exercise="heads",
)
