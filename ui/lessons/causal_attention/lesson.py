"""The lesson "Causal attention", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.causal_attention import figures
from ui.lessons.causal_attention.choices import CausalChoices
from ui.lessons.causal_attention.questions import first_token_unmasked
from ui.lessons.causal_attention.runs import MASK, STORED_AS, trace_of
from ui.lessons.lesson import Figures, Lesson, MainRun


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Close every cell of a {row}: nobody is left to attend to, and the {row} is not a "
        "number.\n"
        "- Choose *Sliding window* and make it wider, one token at a time.\n"
        "- Paint a single 1 above the diagonal and look at the leak detector: it changes the token "
        "that can now be seen too early, and shows who notices.\n"
        "- Choose *Padding*: {columns} are closed instead, and a late token leaks only if it is "
        "real."
    )


LESSON = Lesson(
    name="causal_attention",
    title="Causal attention",
    icon=":material/visibility_off:",
    question="How is a token kept from seeing what comes after it?",
    story="As in a model",
    place=90,
    figures={
        MASK: Figures("The mask: who may attend to whom", figures.mask_figure),
        "figures:masked": Figures("−∞ before the softmax", figures.masked_steps),
        "figures:renormalised": Figures(
            "Or 0 after it, and divide again", figures.renormalised_steps
        ),
        "figures:causal_context": Figures("The context vectors", figures.context),
        "figures:leaks": Figures("The leak detector", figures.leak_figures),
    },
    shown=figures.shown,
    choices=CausalChoices,
    main_run=MainRun(stored_as=STORED_AS, trace_of=trace_of, places=figures.PLACES, has_goal=True),
    predictions={"causal": first_token_unmasked},
    to_try=to_try,
    exercise="causal",
)
