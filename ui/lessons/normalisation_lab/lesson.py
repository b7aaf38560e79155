"""The lesson "Normalisation lab", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson
from ui.lessons.normalisation_lab import figures
from ui.lessons.normalisation_lab.choices import NormalisationChoices
from ui.lessons.normalisation_lab.questions import five_more
from ui.lessons.normalisation_lab.row import ROW


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return (
        "- Turn the temperature down: softmax gives more and more to the largest score, or to "
        "those that tie for it. Turn it up: it evens out. Dividing by the sum does not "
        "notice, but for rounding.\n"
        "- Choose *A negative score*: dividing by the sum gives weights below 0 and above 1.\n"
        "- At temperature 1, choose float16 and set a score to 12: the naive softmax breaks long "
        "before 1000.\n"
        "- Choose bfloat16 and look at the sums: where they miss 1, it is rounding, not a mistake."
    )


LESSON = Lesson(
    name="normalisation_lab",
    title="Normalisation lab",
    icon=":material/balance:",
    question="Why softmax, and not simply a share of the sum?",
    story="Step by step",
    place=70,
    figures={
        "figures:scaled": Figures("At this temperature", figures.scaled),
        "figures:ways": Figures("Three ways to make weights", figures.ways),
        "figures:jacobian": Figures("Gradients of softmax", figures.gradients),
    },
    shown=figures.shown,
    choices=NormalisationChoices,
    has_one_run=True,
    editors=(ROW,),
    predictions={"normalisation": five_more},
    to_try=to_try,
)
