"""The stepper: play, pause and drag through numbered steps; where it stands is part of the lab.

The stepper sends the step it shows with a number that grows; the lab remembers the last number it
took in, like the tables' edits. So no step is taken twice, also after a restart of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from ui.components import component
from ui.lab import state
from ui.lab.checks import MAX_TOKENS

LARGEST_SERIAL = 2**53  # beyond it JavaScript's numbers are no longer exact

_stepper = component("stepper")


def stepper(
    name: str,
    *,
    label: str,
    n_steps: int,
    texts: Callable[[int], Sequence[str]],
    interval_ms: int = 1500,
    field: str = "moment",
    most: int = MAX_TOKENS - 1,
) -> int:
    """Draw the stepper.

    Args:
        name: Whose stepper it is, different for each of the app.
        label: What is stepped through, as plain text.
        n_steps: How many steps there are.
        texts: Given the step it stands at, returns what each step says, as plain text.
        interval_ms: How long a step stays while playing.
        field: Which field of the lab holds the step.
        most: The largest step that it takes.

    Returns:
        The step it stands at, from 0.
    """
    widget_key = f"stepper:{name}"
    take_in(name, st.session_state.get(widget_key, {}).get("step"), field, most)
    lab = state.current()
    step = min(int(lab.value(field)), n_steps - 1)
    answer = _stepper(
        data={
            "name": name,
            "label": label,
            "step": step,
            "n_steps": n_steps,
            "texts": list(texts(step)),
            "interval_ms": interval_ms,
            "ack": lab.applied.get(widget_key, 0),
        },
        key=widget_key,
        on_step_change=lambda: None,
    )
    # After a restart the browser sends its step to a session that knows no stepper yet.
    if take_in(name, answer.step, field, most):
        st.rerun()
    return step


def take_in(name: str, message: object, field: str = "moment", most: int = MAX_TOKENS - 1) -> bool:
    """Move to the step that the stepper has sent, unless that was seen before.

    Returns:
        Whether the message was new. One that no stepper sends is ignored.
    """
    if not isinstance(message, Mapping):
        return False
    lab = state.current()
    widget_key = f"stepper:{name}"
    step = _whole(message.get("step"), 0, most)
    serial = _whole(message.get("serial"), lab.applied.get(widget_key, 0) + 1, LARGEST_SERIAL)
    if step is None or serial is None:
        return False
    chosen: dict[str, Any] = {field: step}
    state.commit(lab.choosing(**chosen).with_seen(widget_key, serial), widget_key)
    return True


def _whole(value: object, least: int, most: int) -> int | None:
    """Return the value if it is a whole number within the bounds."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    return None
