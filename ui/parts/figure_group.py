"""A group of figures on a page, with what belongs below it."""

from __future__ import annotations

from ui.cards import comparing
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.parts import compare, own_numbers, part_view, step_view


def figures(widget_key: str, lab: Lab, *, has_part: bool = True) -> None:
    """Draw a group of figures on the page.

    Args:
        widget_key: Its name in the lesson's declaration, which is also its Streamlit key.
        lab: What the figures show.
        has_part: Whether a part of the large ones is shown below with exact numbers.
    """
    before, now = comparing.both(LESSONS.groups[widget_key], lab)
    shown = comparing.shown(before, now, lab)
    step_view.draw(shown, widget_key=widget_key, on_pick=lambda: part_view.look_at_pick(shown))
    if has_part:
        part_view.show(shown, widget_key)
    own_numbers.fields(shown, widget_key)
    compare.changes(before, now, lab)
