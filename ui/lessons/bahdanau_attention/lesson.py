"""The lesson "Bahdanau attention", declared."""

from __future__ import annotations

from ui.cards.number_words import sentence_of
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention import figures
from ui.lessons.bahdanau_attention.choices import BahdanauChoices
from ui.lessons.bahdanau_attention.questions import forced_look
from ui.lessons.bahdanau_attention.runs import ALL, NOW, SO_FAR
from ui.lessons.bahdanau_attention.states import ENCODER
from ui.lessons.bahdanau_attention.taken import shown
from ui.lessons.lesson import Figures, Lesson


def to_try(lab: Lab) -> str:
    """Return what to try, as Markdown."""
    return (
        "- At “vier”, let it look only at *thirty*. Which word comes now, and what happens to "
        "those after it?\n"
        "- Click a weight and type your own number: 0.5, or −1. Nothing makes your row sum to 1.\n"
        "- Copy the state of one word over another one's in the table. The decoder cannot tell the "
        "two apart any more, so both get the same weight before every word. Whether it then writes "
        "that word twice is another matter: in most copies it does not. What becomes of the word "
        "that was copied over?\n"
        "- Type 34 twelve times: 24 words, more than it was ever trained on. Does the alignment "
        "hold to the end?"
    )


LESSON = Lesson(
    name="bahdanau_attention",
    title="Bahdanau attention",
    icon=":material/translate:",
    question="How does a decoder look back at every word it has read?",
    story="Before self-attention",
    place=30,
    figures={
        NOW: Figures("One word at a time", figures.step_figures),
        SO_FAR: Figures("Where it looked so far", figures.so_far),
        ALL: Figures("All words at once", figures.all_steps),
    },
    shown=shown,
    choices=BahdanauChoices,
    editors=(ENCODER,),
    predictions={"bahdanau": forced_look},
    to_try=to_try,
    sentence_of=sentence_of,
)
