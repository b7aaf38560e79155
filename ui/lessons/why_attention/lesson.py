"""The lesson "Why attention", declared."""

from __future__ import annotations

from ui.cards.number_words import sentence_of
from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson
from ui.lessons.why_attention import figures
from ui.lessons.why_attention.bottleneck import EDITORS
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.questions import least_answered
from ui.lessons.why_attention.taken import shown


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return (
        "- Go from one number to eight. Which model is the first to make mistakes, which the "
        "last?\n"
        "- Take twelve numbers, longer than any in training. Does attention still help?\n"
        "- Set a number of the final state to 2, then to −2. Which words change, the first or the "
        "last?"
    )


LESSON = Lesson(
    name="why_attention",
    title="Why attention",
    icon=":material/hourglass_empty:",
    question="Why was attention invented?",
    story="Before self-attention",
    place=20,
    figures={
        "figures:why_vector": Figures(
            "The bottleneck: what the decoder begins with", figures.vector
        ),
        "figures:why_reading": Figures("The encoder reads", figures.reading),
        "figures:why_gates": Figures("The gates", figures.gates),
        "figures:why_accuracy": Figures("The longer the sentence, the less fits", figures.accuracy),
        "figures:why_training": Figures("While they were trained", figures.training),
        "figures:why_recall": Figures("What can be read back of each word", figures.recall),
        "figures:why_memory": Figures(
            "How strongly the final state answers to each word", figures.memory
        ),
    },
    shown=shown,
    choices=WhyChoices,
    editors=tuple(EDITORS.values()),
    predictions={"why": least_answered},
    to_try=to_try,
    sentence_of=sentence_of,
)
