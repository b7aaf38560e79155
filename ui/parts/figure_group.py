"""The figures of every page, each group a pure function of the lab: in a page run, and ahead of it.

A page run costs Streamlit several times what the figures cost. So at an edit the browser asks here
first: which groups it shows, the lab as its address has it, and the edits since. The answer is what
the page run will send as well, made by the same functions. Nothing is remembered between questions.
"""

from __future__ import annotations

from ui.cards import comparing
from ui.lab.lab import Lab
from ui.parts import compare, own_numbers, part_view, step_view
from ui.server.live import GROUPS


def figures(widget_key: str, lab: Lab, *, has_part: bool = True) -> None:
    """Draw a group of figures on the page.

    Args:
        widget_key: Its name in ``GROUPS``, which is also its Streamlit key.
        lab: What the figures show.
        has_part: Whether a part of the large ones is shown below with exact numbers.
    """
    before, now = comparing.both(GROUPS[widget_key], lab)
    shown = comparing.shown(before, now, lab)
    step_view.draw(shown, widget_key=widget_key, on_pick=lambda: part_view.look_at_pick(shown))
    if has_part:
        part_view.show(shown, widget_key)
    own_numbers.controls(shown, widget_key)
    compare.changes(before, now, lab)
