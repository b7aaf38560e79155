"""One visitor's lab over many runs: the current one, its history, and its place in the address.

Events call ``commit``; pages read ``current``; the frame calls ``begin`` before a page and ``keep``
after it. The session holds what the address cannot: the steps to undo.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from attention_core.export import Shown, Table
from ui.components import component
from ui.lab import link
from ui.lab.lab import Lab

MAX_UNDO = 200
_SESSION = "session"
_KEEPER = "keeper"
_PAGE = "page"
_DROPPED = "dropped"
_NOTED = "noted"
_TAKEN_ALONG = "taken along"
_ONCE = "once"
_STORED = "local."  # an address that names a lab in the browser's storage

_keeper = component("keeper")


@dataclass(frozen=True, slots=True)
class Session:
    """What a session remembers."""

    lab: Lab
    past: tuple[Lab, ...] = ()
    future: tuple[Lab, ...] = ()
    gesture: Hashable = None  # what made the last change; the same again is one step to undo
    store_id: str = ""  # where a lab too large for the address is stored
    want: str = ""  # the stored lab that the browser is asked for
    complaint: str = ""  # what was wrong with the address or a file, to say once
    notice: str = ""  # what went well, to say once


def _session() -> Session:
    """Return the session, which begins with the lab in the page's address."""
    if _SESSION not in st.session_state:
        st.session_state[_SESSION] = _opened(st.query_params.get("lab", ""))
    session: Session = st.session_state[_SESSION]
    return session


def _remember(session: Session) -> None:
    st.session_state[_SESSION] = session


def _opened(address: str) -> Session:
    """Return the session that an address opens; a bad address opens the first lab, and says so."""
    if address.startswith(_STORED):
        return Session(Lab(), want=address.removeprefix(_STORED)[:64])
    try:
        return Session(link.decode(address))
    except link.LinkError as error:
        return Session(Lab(), complaint=f"{error} You see the lab everyone starts with.")


def current() -> Lab:
    """Return the lab as the visitor left it."""
    return _session().lab


def can_undo() -> bool:
    """Return whether there is a change to undo."""
    return bool(_session().past)


def can_redo() -> bool:
    """Return whether there is an undone change to make again."""
    return bool(_session().future)


def before_edit(*tables: str) -> Lab | None:
    """Return the lab before the last edit of one of these tables, by their names.

    Returns:
        None if something else changed since, or nothing was edited yet.
    """
    session = _session()
    is_edit = isinstance(session.gesture, tuple) and session.gesture[0] in tables
    return session.past[-1] if is_edit and session.past else None


def commit(lab: Lab, gesture: Hashable = None) -> None:
    """Make this the visitor's lab, as one step to undo.

    Args:
        lab: The lab with the change.
        gesture: What the change is part of, such as one drag; consecutive changes of one gesture
            are undone together.
    """
    session = _session()
    if lab == session.lab:
        return
    goes_on = gesture is not None and gesture == session.gesture
    if _without_view(lab) == _without_view(session.lab):
        _remember(replace(session, lab=lab))
        return
    past = session.past if goes_on else (*session.past, session.lab)[-MAX_UNDO:]
    _remember(replace(session, lab=lab, past=past, future=(), gesture=gesture))


def _without_view(lab: Lab) -> Lab:
    """Return what there is to undo: not where one looks, nor which edits were seen."""
    return lab.seen_as(Lab())


def undo() -> None:
    """Go back to the lab before the last change."""
    session = _session()
    if session.past:
        *past, lab = session.past
        _remember(_moved(session, lab, tuple(past), (*session.future, session.lab)))


def redo() -> None:
    """Make the last undone change again."""
    session = _session()
    if session.future:
        *future, lab = session.future
        _remember(_moved(session, lab, (*session.past, session.lab), tuple(future)))


def _moved(session: Session, lab: Lab, past: tuple[Lab, ...], future: tuple[Lab, ...]) -> Session:
    """Return the session at another place of its history, looked at from where it was."""
    lab = lab.seen_as(session.lab)
    return replace(session, lab=lab, past=past, future=future, gesture=None)


def complain(message: str) -> None:
    """Say what could not be opened, at the top of the page, once."""
    _remember(replace(_session(), complaint=message))


def notify(message: str) -> None:
    """Say what was opened, at the top of the page, once."""
    _remember(replace(_session(), notice=message))


def begin(page: str) -> None:
    """Begin a run of a page; say what went wrong or well with the last opening, once.

    Args:
        page: Which page. On another one than before, Streamlit makes new widgets that are empty
            while their old values can still be read: these are forgotten, so each is set anew.
    """
    if st.session_state.get(_PAGE, page) != page:
        for widget_key in [name for name in st.session_state if str(name).startswith("_")]:
            del st.session_state[widget_key]
    st.session_state[_PAGE] = page
    st.session_state.pop(_NOTED, None)
    st.session_state.pop(_TAKEN_ALONG, None)
    session = _session()
    if session.complaint:
        st.warning(session.complaint, icon=":material/link_off:")
    if session.notice:
        st.info(session.notice, icon=":material/check:")
    _remember(replace(session, complaint="", notice=""))


def keep(page: str, on_drop: Callable[[object], None] = lambda dropped: None) -> None:
    """Put the lab into the page's address, or into the browser's storage when it is too large.

    Args:
        page: Where the page is. Each one's address is written anew, since a switch empties it.
        on_drop: Called with what the browser says of a file that was dropped on the page, if one
            was, before the next run.
    """
    session = _session()
    text = link.encode(session.lab)
    store = None
    if not link.fits_address(text):
        if not session.store_id:
            session = replace(session, store_id=secrets.token_hex(8))
            _remember(session)
        store = {"id": session.store_id, "lab": text}
        text = _STORED + session.store_id
    answer = _keeper(
        data={
            "address": text,
            "page": page,
            "seen": dict(session.lab.applied),
            "store": store,
            "want": session.want or None,
            "most_bytes": link.JSON_LIMIT,
        },
        key=_KEEPER,
        on_restored_change=lambda: None,
        on_failed_change=lambda: None,
        on_dropped_change=lambda: None,
    )
    if isinstance(answer.dropped, dict) and _is_new(answer.dropped.get("serial")):
        on_drop(answer.dropped)
        st.rerun()
    if session.want and _take_in(session, answer.restored):
        st.rerun()
    if store and answer.failed:
        st.warning(
            "This lab is too large for the address, and this browser does not let the page store "
            "it. Download it as a file, or a reload will lose it.",
            icon=":material/save:",
        )


def _is_new(serial: object) -> bool:
    """Return whether a drop was not taken in yet, and take note of it."""
    last = st.session_state.get(_DROPPED, 0)
    if isinstance(serial, bool) or not isinstance(serial, int) or serial <= last:
        return False
    st.session_state[_DROPPED] = serial
    return True


def _take_in(session: Session, answer: object) -> bool:
    """Return whether the browser has answered, having opened what it stored."""
    if not isinstance(answer, dict) or answer.get("id") != session.want:
        return False
    lab = answer.get("lab")
    if not isinstance(lab, str):
        _remember(
            replace(
                session,
                want="",
                complaint="This link names a lab that is kept in another browser, because it is "
                "too large for an address. Ask for it as a file (Take it with you → "
                "Download this lab).",
            )
        )
        return True
    opened = _opened(lab if not lab.startswith(_STORED) else "?")
    _remember(replace(opened, store_id=session.want))
    return True


def take_notes() -> None:
    """Have what this run draws remembered: groups hold whole traces, so not without need."""
    st.session_state[_NOTED] = {}


def note(place: str, contents: Any) -> None:
    """Remember what this run has drawn if ``take_notes`` was called, for the menu that is open."""
    # By place: a part of a page that runs again by itself draws its own anew.
    if _NOTED in st.session_state:
        st.session_state[_NOTED][place] = contents


@dataclass(frozen=True, slots=True)
class TakenAlong:
    """What of a visit can be taken along and is no function of the lab.

    Args:
        measured: Returns what was measured on the page, as labelled data.
        runs: Returns the page's runs for a lab, with what only this session has.
    """

    measured: Callable[[], Sequence[Table]] = tuple
    runs: Callable[[Lab], Sequence[Shown]] | None = None


def take_along(own: TakenAlong) -> None:
    """Hand the menu what this visit has beside the lab; for this run of the page."""
    st.session_state[_TAKEN_ALONG] = own


def taken_along() -> TakenAlong:
    """Return what the page handed to the menu."""
    own: TakenAlong = st.session_state.get(_TAKEN_ALONG, TakenAlong())
    return own


def noted() -> list[tuple[str, Any]]:
    """Return what this run has drawn so far: where, and what."""
    return list(st.session_state.get(_NOTED, {}).items())


def once(name: str, of: object, make: Callable[[], int]) -> int:
    """Cache one number for each name; make it anew when its source changes.

    Args:
        name: What the number is. One is kept for each name.
        of: What it is made of, which can be compared.
        make: Returns it.
    """
    kept = st.session_state.setdefault(_ONCE, {})
    if name not in kept or kept[name][0] != of:
        kept[name] = (of, make())
    number: int = kept[name][1]
    return number


def is_large() -> bool:
    """Return whether the lab is too large for an address."""
    return not link.fits_address(link.encode(current()))
