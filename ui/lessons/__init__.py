"""The syllabus: the lessons in reading order, each declared in its own folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from ui.cards import parameters
from ui.cards.card import Group
from ui.cards.editors import Editor
from ui.cards.embeddings import EMBEDDINGS
from ui.lab.choices import register, unregister
from ui.lab.lab import Lab
from ui.lessons.lesson import Figures, Lesson

FOLDER = Path(__file__).parent


class Syllabus:
    """The lessons, and what follows from all of them together."""

    def __init__(self) -> None:
        self._lessons: dict[str, Lesson] = {}
        self._derive()

    def _derive(self) -> None:
        """Put together what all lessons have: an edit asks for it, a lesson seldom comes."""
        shared, own = (EMBEDDINGS, *parameters.EDITORS.values()), list[Editor]()
        figures: dict[str, Figures] = {}
        for lesson in self:
            figures |= lesson.all_figures
            own += lesson.editors
        groups = {name: of.make for name, of in figures.items() if of.make}
        self._figures, self._groups = MappingProxyType(figures), MappingProxyType(groups)
        self._editors = MappingProxyType({editor.name: editor for editor in (*shared, *own)})

    def add(self, lesson: Lesson) -> None:
        """Add a lesson.

        Raises:
            ValueError: If another one has its name, or one of its figures, tables or choices.
        """
        taken = {lesson.name} & {*self._lessons}
        taken |= {*lesson.all_figures} & {*self.figures}
        taken |= {editor.name for editor in lesson.editors} & {*self.editors}
        if lesson.choices:
            taken |= {own.name for own in fields(lesson.choices)} & {
                own.name for own in fields(Lab)
            }
        if taken:
            raise ValueError(f"names are given once; there is already {min(taken)}")
        if lesson.choices:
            register(lesson.choices)
        self._lessons[lesson.name] = lesson
        self._derive()

    def remove(self, name: str) -> None:
        """Take a lesson away again."""
        lesson = self._lessons.pop(name)
        if lesson.choices:
            unregister(lesson.choices)
        self._derive()

    def __iter__(self) -> Iterator[Lesson]:
        return iter(sorted(self._lessons.values(), key=lambda lesson: lesson.place))

    def __len__(self) -> int:
        return len(self._lessons)

    def __getitem__(self, name: str) -> Lesson:
        return self._lessons[name]

    def at(self, url_path: str) -> Lesson:
        """Return the lesson of an address: the page that opens first has an empty one."""
        return self[url_path] if url_path else next(iter(self))

    @property
    def figures(self) -> Mapping[str, Figures]:
        """The groups of figures of all lessons, by name."""
        return self._figures

    @property
    def groups(self) -> Mapping[str, Callable[[Lab], Group]]:
        """What makes each group of figures that is a function of the lab alone."""
        return self._groups

    @property
    def editors(self) -> Mapping[str, Editor]:
        """All editable tables, by name: those that lessons share, and their own."""
        return self._editors


def _declared() -> Syllabus:
    """Return the syllabus of all folders beside this file that declare a lesson."""
    found = Syllabus()
    for path in sorted(FOLDER.glob("*/lesson.py")):
        found.add(import_module(f"{__name__}.{path.parent.name}.lesson").LESSON)
    return found


LESSONS = _declared()
