"""A lesson as a value: everything that the app has to know of one page.

Navigation, the fast lane (``/live``), the report, the menu, the address and the tests that walk all
pages follow from it. A new lesson is its page script, its folder, its test, and its row
in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from attention_core import Trace
from attention_core.export import Shown
from ui.cards import lens
from ui.cards.card import Group
from ui.cards.editors import Editor
from ui.cards.embeddings import labels_of
from ui.cards.prediction import Question
from ui.lab.choices import Choices
from ui.lab.lab import Lab

PAGES = Path(__file__).parents[2] / "pages"
STORY = ("The whole", "Before self-attention", "Step by step", "As in a model", "Your own")
"""The parts of the story, in order."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A group of figures of a lesson.

    Args:
        heading: What stands above them in a report.
        make: Returns them for a lab; None where they show something of the visitor's session, such
            as a training or a file, so that the page draws them itself.
    """

    heading: str
    make: Callable[[Lab], Group] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MainRun:
    """The run of a lesson whose steps take numbers of the user's, and which the lens looks at.

    Args:
        stored_as: What addresses and files call it. It never changes.
        trace_of: Returns it for a lab, the user's own numbers in it.
        places: The groups of figures that show it.
        tokens_of: Returns the labels of its tokens.
        has_lens: Whether the gradient lens is below the figures.
        has_goal: Whether goal seek is.
    """

    stored_as: str
    trace_of: Callable[[Lab], Trace]
    places: tuple[str, ...]
    tokens_of: Callable[[Lab], Sequence[str]] = labels_of
    has_lens: bool = True
    has_goal: bool = False

    @property
    def lens_place(self) -> str:
        """The group of figures of the gradient lens."""
        return f"{lens.NAME}{self.stored_as}"


def _sentence(lab: Lab) -> str:
    return lab.sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One page of the syllabus.

    Args:
        name: That of its page, its folder and its address.
        title: What it is called in the navigation.
        icon: Its sign there, as Streamlit names it.
        question: The question it answers, which is its heading.
        story: Which part of the story it belongs to, of ``STORY``.
        place: Where it stands: the syllabus is in the order of these numbers.
        figures: Its groups of figures, by what addresses call them.
        shown: Returns what can be taken along: its runs, as the page shows them.
        choices: What it adds to the lab, if anything.
        has_one_run: Whether that is a single run whatever the visitor chooses.
        main_run: The run that the lens, goal seek and own numbers are of, if there is one.
        editors: Its editable tables, besides those that lessons share.
        predictions: The questions at its end, by the name under which the answer is kept.
        to_try: Returns what to try, as Markdown; empty where there is nothing.
        exercise: Which exercise for paper its menu begins with, of ``exercises.KINDS``.
        sentence_of: Returns the sentence that it is about.
        pages: The folder of its script.

    Raises:
        ValueError: If there is no such part of the story.
    """

    name: str
    title: str
    icon: str
    question: str
    story: str
    place: int
    figures: Mapping[str, Figures]
    shown: Callable[[Lab], Sequence[Shown]]
    choices: type[Choices] | None = None
    has_one_run: bool = False
    main_run: MainRun | None = None
    editors: Sequence[Editor] = ()
    predictions: Mapping[str, Callable[[Lab], Question]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    to_try: Callable[[Lab], str] = lambda lab: ""
    exercise: str = "simple"
    sentence_of: Callable[[Lab], str] = _sentence
    pages: Path = PAGES

    def __post_init__(self) -> None:
        if self.story not in STORY:
            raise ValueError(f"story is one of {', '.join(STORY)}; got {self.story!r}")

    @property
    def script(self) -> Path:
        """The page script."""
        return self.pages / f"{self.name}.py"

    @property
    def all_figures(self) -> dict[str, Figures]:
        """Its groups of figures, that of the gradient lens among them."""
        run = self.main_run
        if run is None or not run.has_lens:
            return dict(self.figures)
        made = lens.figures(run.trace_of, run.places, run.tokens_of)
        return {**self.figures, run.lens_place: Figures("Gradient lens", made)}
