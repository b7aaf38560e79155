"""The lesson "Train it yourself", declared."""

from __future__ import annotations

from attention_core.recurrent.training import FIRST_RATE
from ui.cards.number_words import sentence_of
from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson
from ui.lessons.train_it_yourself import figures
from ui.lessons.train_it_yourself.choices import TrainingChoices
from ui.lessons.train_it_yourself.questions import first_loss


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return (
        "- Train the LSTM with as many units. How long are the sentences it gets right after as "
        "many steps? All of a long one has to pass through its final state. (Each kind begins with "
        "the learning rate that a search found best for it: the LSTM "
        f"{FIRST_RATE['lstm']:g}, GRU with attention {FIRST_RATE['bahdanau']:g}.)\n"
        "- Take 32 units, then 6, and compare what they reach within the same steps.\n"
        "- Change the seed: another run, another curve. Change it back: the same curve again.\n"
        "- Change the sentence, while the model learns or after: its weights stay and translate it."
    )


LESSON = Lesson(
    name="train_it_yourself",
    title="Train it yourself",
    icon=":material/model_training:",
    question="How does a model learn where to look?",
    story="Your own",
    place=130,
    figures={figures.FIGURES: Figures("The training")},
    shown=figures.shown,
    choices=TrainingChoices,
    predictions={"training": first_loss},
    to_try=to_try,
    sentence_of=sentence_of,
)
