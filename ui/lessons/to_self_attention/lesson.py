"""The lesson "To self-attention", declared."""

from __future__ import annotations

from functools import partial

from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson, MainRun
from ui.lessons.to_self_attention import figures
from ui.lessons.to_self_attention.choices import ToSelfChoices
from ui.lessons.to_self_attention.questions import made_the_same
from ui.lessons.to_self_attention.ways import PLACE, PLACES, STORED_AS, WAYS, tokens_of, trace_of
from ui.lessons.to_self_attention.words import bound_said


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Set `v` to 0: every energy is 0 and every {row} of weights even. The other two stay.\n"
        "- Make `v` ten times larger. {bound}\n"
        "- Make *Key weights* equal to *Query weights* and both sequences the same: the energies "
        "become symmetric.\n"
        "- Choose *Ten times larger* embeddings: dot products grow a hundredfold, energies stay "
        "within their bound.",
        bound=bound_said(lab),
    )


LESSON = Lesson(
    name="to_self_attention",
    title="To self-attention",
    icon=":material/moving:",
    question="How did attention become self-attention?",
    story="Before self-attention",
    place=40,
    figures={
        f"{PLACE}{which}": Figures(it.title, partial(figures.figures_of, which=which))
        for which, it in WAYS.items()
    },
    shown=figures.shown,
    choices=ToSelfChoices,
    main_run=MainRun(
        stored_as=STORED_AS,
        trace_of=trace_of,
        places=PLACES[:1],
        tokens_of=tokens_of,
    ),
    predictions={"to_self": made_the_same},
    to_try=to_try,
)
