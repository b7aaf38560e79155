"""The lesson "Queries, keys, values", declared."""

from __future__ import annotations

from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson, MainRun
from ui.lessons.queries_keys_values import figures
from ui.lessons.queries_keys_values.choices import ScaleStudyChoices
from ui.lessons.queries_keys_values.questions import doubled_query_weights
from ui.lessons.queries_keys_values.words import linear_said


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return lab.conventions.say(
        "- Make *Key weights* equal to *Query weights* (and the key bias to the query bias, if "
        "there are biases): the scores become symmetric, each pair of tokens with one score for "
        "both directions.\n"
        "- Set all *Query weights* to 0 (and the query bias, if there is one): every score is 0, "
        "every weight the same.\n"
        "- Give the values another width: scores and weights stay, only values and context vectors "
        "change.\n"
        "- Begin the weights by `nn.Linear` instead of `torch.rand`: {linear} With the chapter's "
        "seeds, 123 for `torch.rand` and 789 for `nn.Linear`, they are those of its classes.",
        linear=linear_said(lab),
    )


LESSON = Lesson(
    name="queries_keys_values",
    title="Queries, keys, values",
    icon=":material/key:",
    question="Why does a token get three vectors instead of one?",
    story="As in a model",
    place=80,
    figures={
        "figures:projected": Figures("Queries, keys, values", figures.projected),
        "figures:attending": Figures("From scores to context vectors", figures.attending),
        "figures:scale": Figures("Why divide by √d_k", figures.scale_study),
    },
    shown=figures.shown,
    choices=ScaleStudyChoices,
    has_one_run=True,
    main_run=MainRun(
        stored_as=figures.STORED_AS, trace_of=figures.trace_of, places=figures.PLACES, has_goal=True
    ),
    predictions={"qkv": doubled_query_weights},
    to_try=to_try,
    exercise="trainable",
)
