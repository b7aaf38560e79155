"""The lesson "Dropout", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.dropout import figures
from ui.lessons.dropout.choices import DropoutChoices
from ui.lessons.dropout.questions import grown_weight
from ui.lessons.dropout.runs import STORED_AS, trace_of
from ui.lessons.dropout.words import empty_said
from ui.lessons.lesson import Figures, Lesson, MainRun


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Set the rate to 0.9: {empty}. What stays is ten times as large.\n"
        "- Change the seed: other weights go, and the more draws the mean is of, the less it "
        "moves.\n"
        "- Set the rate to 0, or switch training off: both leave the weights as they are.\n"
        "- Type 1 as the rate, and read the message.",
        empty=empty_said(trace_of(lab), lab.conventions),
    )


LESSON = Lesson(
    name="dropout",
    title="Dropout",
    icon=":material/casino:",
    question="Why throw weights away while training?",
    story="As in a model",
    place=100,
    figures={
        "figures:dropping": Figures("What dropout does", figures.dropping),
        "figures:mean_draws": Figures("The mean of many draws", figures.mean_draws),
    },
    shown=figures.shown,
    choices=DropoutChoices,
    main_run=MainRun(
        stored_as=STORED_AS,
        trace_of=trace_of,
        places=("figures:dropping",),
        has_lens=False,
    ),
    predictions={"dropout": grown_weight},
    to_try=to_try,
    exercise="causal",
)
