"""The lesson "Your tensors", declared."""

from __future__ import annotations

from ui.lessons.lesson import Figures, Lesson
from ui.lessons.your_tensors import figures
from ui.lessons.your_tensors.choices import TensorChoices

LESSON = Lesson(
    name="your_tensors",
    title="Your tensors",
    icon=":material/upload_file:",
    question="What is in the attention of your own model?",
    story="Your own",
    place=140,
    figures={
        figures.HEADS: Figures("The heads, in one colour scale"),
        figures.STEPS: Figures("Step by step"),
        figures.INPUTS: Figures("What it begins with"),
    },
    shown=figures.shown,
    choices=TensorChoices,
    has_one_run=True,
)
