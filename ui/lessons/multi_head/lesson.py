"""The lesson "Multi-head", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson, MainRun
from ui.lessons.multi_head import figures
from ui.lessons.multi_head.choices import MultiHeadChoices
from ui.lessons.multi_head.questions import most_missed_head
from ui.lessons.multi_head.runs import STORED_AS, trace_of


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return (
        "- Ask for a number of heads that does not divide d_out, and read the message.\n"
        "- Set all *Query weights* that one head owns to 0 (and its part of the query bias, if "
        "there is one): its weights become even over what each token may see, the other heads' "
        "stay as they are.\n"
        "- Begin the weights by `nn.Linear`: with the notebook's sentence, seed 123, d_out = 2 and "
        "2 heads the output is the one that the chapter prints.\n"
        "- Click any number of the output and follow it down through a head to your table."
    )


LESSON = Lesson(
    name="multi_head",
    title="Multi-head",
    icon=":material/hub:",
    question="What can several heads see that one cannot?",
    story="As in a model",
    place=110,
    figures={
        "figures:heads": Figures("All heads, in one colour scale", figures.all_heads),
        "figures:head": Figures("One head", figures.one_head),
        "figures:head_steps": Figures("One head, step by step", figures.head_steps),
        "figures:joined": Figures("Side by side, then mixed", figures.joined),
        "figures:contributions": Figures("What each head contributes", figures.contributed),
        "figures:stacked": Figures("Separate heads, stacked", figures.stacked_and_split),
    },
    shown=figures.shown,
    choices=MultiHeadChoices,
    main_run=MainRun(stored_as=STORED_AS, trace_of=trace_of, places=figures.PLACES),
    predictions={"heads": most_missed_head},
    to_try=to_try,
    exercise="heads",
)
