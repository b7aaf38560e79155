"""The controls and tables of the lesson "Train it yourself", drawn by Streamlit."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import streamlit as st

from attention_core.export import Table
from attention_core.figures.lengths import LOOKS
from ui.cards.number_words import READERS, words_of
from ui.components import component
from ui.lab import state
from ui.lab.lab import MAX_SEED, Lab
from ui.lessons.train_it_yourself.figures import FIGURES, group, translation_of
from ui.lessons.train_it_yourself.words import called, choice_of, status, written
from ui.parts import step_view
from ui.parts.widgets import menu, number_field
from ui.server.training_process import EACH
from ui.server.trainings import PAUSED, QUEUED, RUNNING, TooManyError, Trainings, View

REDRAW_SECONDS = 1.0
_OWNER = "training_owner"
_REFUSED = "training_refused"
_NAME = re.compile("[0-9a-f]{32}")
_tab = component("tab")


@st.cache_resource(show_spinner=False)
def registry() -> Trainings:
    """Return the trainings of this server: shared by all visitors, on purpose."""
    return Trainings()


def owner() -> str:
    """Return what this session's training is kept under; nobody else can guess it."""
    if _OWNER not in st.session_state:
        st.session_state[_OWNER] = secrets.token_hex(16)
    return str(st.session_state[_OWNER])


def find_again() -> None:
    """Let a tab that was reloaded find its training: the name is the tab's, not the session's."""
    known = _tab(data={"name": owner()}, key="tab", on_known_change=lambda: None).known
    if isinstance(known, str) and _NAME.fullmatch(known) and known != owner():
        registry().reset(owner())
        st.session_state[_OWNER] = known
        st.rerun()


# ---- The controls ------------------------------------------------------------------------------


def training_controls(lab: Lab) -> None:
    """Draw what there is to choose, and the buttons."""
    view = registry().look(owner())
    _choices(lab, is_fixed=bool(view and view.is_active))
    _buttons(view)
    refused = st.session_state.pop(_REFUSED, "")
    if refused:
        st.warning(refused, icon=":material/groups:")


def _choices(lab: Lab, *, is_fixed: bool) -> None:
    why = "Stop the training to change it." if is_fixed else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        menu(
            "Model",
            "train_kind",
            READERS,
            format_func=lambda kind: LOOKS[kind].name,
            disabled=is_fixed,
            width=280,
            help=why,
        )
        for name, label, least, most, more in (
            ("train_units", "Hidden units", 4, 64, "Numbers in each hidden state."),
            ("train_seed", "Seed", 0, MAX_SEED, "Of the first weights and of the sentences."),
        ):
            number_field(label, name, least, most, disabled=is_fixed, width=140, help=why or more)


def _buttons(view: View | None) -> None:
    """Draw the buttons; each stays in its place, whatever the training does."""
    now = view.state if view else ""
    label, icon, event = {
        QUEUED: ("Start training", ":material/play_arrow:", _start),
        RUNNING: ("Pause", ":material/pause:", _pause),
        PAUSED: ("Go on", ":material/play_arrow:", _go_on),
        "": ("Start training", ":material/play_arrow:", _start),
    }.get(now, ("Start again", ":material/play_arrow:", _start))
    is_active = bool(view and view.is_active)
    with st.container(horizontal=True):
        st.button(
            label,
            key="train_start",
            icon=icon,
            on_click=event,
            disabled=now == QUEUED,
            width=170,
        )
        st.button(
            "Leave the queue" if now == QUEUED else "Stop",
            key="train_stop",
            icon=":material/stop:",
            on_click=_stop,
            disabled=not is_active,
            width=170,
        )
        st.button(
            "Reset",
            key="train_reset",
            icon=":material/restart_alt:",
            on_click=_reset,
            disabled=view is None,
            width=110,
            help="Forget what was learnt.",
        )


def _start() -> None:
    try:
        registry().start(owner(), choice_of(state.current()))
    except TooManyError as error:
        st.session_state[_REFUSED] = str(error)


def _pause() -> None:
    registry().pause(owner())


def _go_on() -> None:
    registry().go_on(owner())


def _stop() -> None:
    registry().stop(owner())


def _reset() -> None:
    registry().reset(owner())


# ---- What is watched ---------------------------------------------------------------------------


def watch(lab: Lab) -> None:
    """Draw the training, and redraw it every second or so while it goes on."""
    view = registry().look(owner())
    drawn = view.state if view else ""
    is_active = bool(view and view.is_active)
    fragment: Callable[..., Callable[[Lab, str], None]] = st.fragment(
        run_every=REDRAW_SECONDS if is_active else None
    )
    fragment(_watch)(lab, drawn)


def _watch(lab: Lab, drawn: str) -> None:
    """Draw the training as it is now; where the buttons are those of another state, all anew."""
    view = registry().look(owner())
    if (view.state if view else "") != drawn:
        st.rerun()
    budget = registry().budget
    st.progress(_share(view, budget.steps), text=status(view, lab, registry()))
    report = view.report if view else None
    choice = view.choice if view else choice_of(lab)
    translation = translation_of(choice, report, words_of(lab))
    step_view.draw(group(report, translation, lab, budget.steps), widget_key=FIGURES)
    st.markdown(written(translation, choice))


def _share(view: View | None, steps: int) -> float:
    return min(1.0, view.report.step / steps) if view and view.report else 0.0


# ---- To be taken along -------------------------------------------------------------------------


def measured() -> list[Table]:
    """Return the curves of this visitor's training so far, if there is one."""
    view = registry().look(owner())
    report = view.report if view else None
    if view is None or report is None:
        return []
    told = (
        f"Measured while {called(view.choice)} was trained on the server, for {report.step} steps."
    )
    means = tuple((EACH * at, loss) for at, loss in enumerate(report.losses, start=1))
    accuracy = tuple((one.n_words, one.exact, one.by_token) for one in report.accuracy)
    shares = ("English words", "share without a mistake", "share of words right")
    return [
        Table("loss", "Loss of the training", told, ("step", "mean loss (nats per word)"), means),
        Table("validation", "Validation loss", told, ("step", "loss"), report.valid),
        Table("accuracy", "Accuracy by length", told, shares, accuracy),
    ]
