"""The lesson "Start here", declared."""

from __future__ import annotations

from ui.cards.simple_run import STORED_AS, trace_of
from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson, MainRun
from ui.lessons.start_here import figures
from ui.lessons.start_here.questions import doubled_first_value


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Make two rows of the table equal. Their {rows} of weights become equal too.\n"
        "{ten_times}\n"
        "- Choose *All rows equal*: no token stands out, so every weight is the same.",
        ten_times=figures.ten_times_said(lab),
    )


LESSON = Lesson(
    name="start_here",
    title="Start here",
    icon=":material/flag:",
    question="What does self-attention do to a sentence?",
    story="The whole",
    place=10,
    figures={"figures:start": Figures("Every step", figures.steps)},
    shown=figures.shown,
    has_one_run=True,
    main_run=MainRun(stored_as=STORED_AS, trace_of=trace_of, places=figures.PLACES, has_goal=True),
    predictions={"start": doubled_first_value},
    to_try=to_try,
)
