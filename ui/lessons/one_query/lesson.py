"""The lesson "One query", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson
from ui.lessons.one_query import figures
from ui.lessons.one_query.choices import OneQueryChoices
from ui.lessons.one_query.questions import doubled_query
from ui.lessons.one_query.words import ten_times_said


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Make a number of the query's row negative, and drag it down until a score turns "
        "negative. Dividing by the sum breaks; softmax does not.\n"
        "{ten_times}\n"
        "- Set a whole row to 0. Its score is 0 and it has no angle, yet it counts: exp(0) is 1, "
        "and softmax gives it that part of the sum.",
        ten_times=ten_times_said(lab),
    )


LESSON = Lesson(
    name="one_query",
    title="One query",
    icon=":material/looks_one:",
    question="How does one token find out which tokens matter to it?",
    story="Step by step",
    place=50,
    figures={
        "figures:dots": Figures("Dot by dot", figures.dots),
        "figures:normalisations": Figures("Three normalisations", figures.normalisations),
        "figures:context": Figures("The weighted sum", figures.context),
        "figures:whole": Figures("In the plane or in space", figures.whole),
    },
    shown=figures.shown,
    choices=OneQueryChoices,
    has_one_run=True,
    predictions={"one_query": doubled_query},
    to_try=to_try,
)
