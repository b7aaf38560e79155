"""The menu "Take it with you", in the same place on every page: out to files, and in from them.

Its sections are drawn only while it is open, and each file is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from attention_core import Mechanism, Trace
from attention_core.export import Shown, Table
from attention_core.export.notebook import notebook
from attention_core.export.proof import Block, blocks, script
from attention_core.export.sheets import sheets, zipped
from attention_core.outside.claims import TensorFileError
from attention_core.outside.saving import ENDINGS, to_bytes
from ui.cards.embeddings import labels_of
from ui.lab import files as lab_files
from ui.lab import link, state
from ui.lab.csv_file import write_csv
from ui.lab.lab import Lab
from ui.lessons.lesson import Lesson
from ui.takeaway import paper, report, sharing

TITLE = "Take it with you"


@dataclass(frozen=True, slots=True)
class Visit:
    """The page on screen, as the sections of the menu get it.

    Args:
        lesson: Whose page it is.
        lab: What its visitor chose.
        measured: What the visitor measured on it.
        runs: What it shows, where that depends on the visitor's session.
    """

    lesson: Lesson
    lab: Lab
    measured: tuple[Table, ...] = ()
    runs: Callable[[Lab], Sequence[Shown]] | None = None

    @property
    def stem(self) -> str:
        """What its files are called, without their ending."""
        words = "".join(
            sign if sign.isalnum() else " " for sign in self.lesson.title.lower()
        ).split()
        return "-".join(("attention-lab", *words))

    def shown(self) -> Sequence[Shown]:
        """Return what the page shows: runs again, so ask for it only when it is needed."""
        return (self.runs or self.lesson.shown)(self.lab)


def place() -> PopoverContainer:
    """Draw the empty menu, before the page: so it stands above all of them.

    While it is open, what the page draws is remembered for its report; else it is not.
    """
    with st.container(horizontal=True, horizontal_alignment="right"):
        menu = st.popover(TITLE, icon=":material/ios_share:", key=lab_files.MENU, on_change="rerun")
    if menu.open:
        state.take_notes()
    return menu


def fill(menu: PopoverContainer, lesson: Lesson) -> None:
    """Draw what is in the menu if it is open, after the page, which may have changed the lab.

    Args:
        menu: What ``place`` returned.
        lesson: Whose page it is.
    """
    if not menu.open:
        return
    own = state.taken_along()
    visit = Visit(lesson, state.current(), tuple(own.measured()), own.runs)
    with menu:
        for section in SECTIONS:
            section(visit)


def offer(label: str, make: Callable[[], str | bytes], file_name: str, kind: str) -> None:
    """Draw a button for a file that is made when it is asked for.

    Args:
        label: What the button says.
        make: Returns what is in the file.
        file_name: What it is called.
        kind: Its media type.
    """
    st.download_button(
        label, make, file_name, kind, icon=":material/download:", on_click="ignore", width="stretch"
    )


# ---- Sections ----------------------------------------------------------------------------------


def share(visit: Visit) -> None:
    """Draw the link to the lab, its QR code, and what prints the page."""
    sharing.section(visit.lab)


def pictures(visit: Visit) -> None:
    """Offer the page as a report; of many tokens, say about how large it is.

    To know that it is made, once for each lab.
    """
    if not state.noted():
        return
    st.markdown("**The page** as one file: it works offline, pictures and all, and prints.")
    drawn, address = tuple(state.noted()), sharing.address_of(visit.lab)

    def make() -> str:
        return report.report_of(
            drawn, visit.lab, lesson=visit.lesson, link=address, made=datetime.now(UTC)
        )

    size = ""
    if report.most_tokens(drawn, visit.lab) > report.SMALL:
        of = (visit.lesson.name, replace(visit.lab, applied=Lab().applied, trail=()))
        n_bytes = state.once("report size", of, lambda: len(make().encode()))
        size = f", about {n_bytes / 1e6:.0f} MB"
    offer(
        f"As a report (.html{size})",
        make,
        f"{visit.stem}.html",
        "text/html",
    )


def exercises(visit: Visit) -> None:
    """Offer exercises for paper."""
    st.markdown("**By hand**: exercises for paper, each student with other numbers, and a key.")
    kind, n_sheets, first_seed = paper.chosen_sheets(visit.lesson)
    offer(
        "As sheets to print (.html)",
        lambda: paper.sheets(visit.lab, kind, n_sheets, first_seed),
        f"attention-lab-exercises-{kind}-{first_seed}.html",
        "text/html",
    )


def proof(visit: Visit) -> None:
    """Offer the page as plain PyTorch that makes its numbers again and checks each step."""
    st.markdown(
        "**The proof**: plain PyTorch that makes every step of this page again, and checks it."
    )
    with st.container(horizontal=True):
        offer(
            "As a script (.py)", lambda: script(_blocks(visit)), f"{visit.stem}.py", "text/x-python"
        )
        offer(
            "As a notebook (.ipynb)",
            lambda: notebook(_blocks(visit)),
            f"{visit.stem}.ipynb",
            "application/x-ipynb+json",
        )


def _blocks(visit: Visit) -> list[Block]:
    return blocks(visit.lesson.title, visit.shown(), visit.measured)


def data(visit: Visit) -> None:
    """Offer the numbers as files."""
    lab = visit.lab
    st.markdown("**The data**: every step of this page, and your lab.")
    offer(
        "Every step as a table (.csv, in a .zip)",
        lambda: zipped(sheets(visit.shown(), visit.measured)),
        f"{visit.stem}-csv.zip",
        "application/zip",
    )
    with st.container(horizontal=True):
        for ending in ENDINGS:
            _tensors(visit, ending)
    with st.container(horizontal=True):
        offer(
            "Download this lab (.json)",
            lambda: link.to_file(lab),
            f"attention-lab-{datetime.now(UTC):%Y-%m-%d}.json",
            "application/json",
        )
        offer(
            "Download the embeddings (.csv)",
            lambda: write_csv(labels_of(lab), lab.embeddings),
            "embeddings.csv",
            "text/csv",
        )


def _tensors(visit: Visit, ending: str) -> None:
    """Offer the page's runs as traces that the library loads: one file, or several as one."""
    name = ending.removeprefix(".")
    if visit.lesson.has_one_run:
        make: Callable[[], bytes] = partial(_trace_file, visit, ending)
        offer(f"As tensors ({ending})", make, f"{visit.stem}{ending}", "application/octet-stream")
    else:
        make = partial(_trace_files, visit, ending)
        offer(
            f"As tensors ({ending}, in a .zip)", make, f"{visit.stem}-{name}.zip", "application/zip"
        )


def _trace_file(visit: Visit, ending: str) -> bytes:
    runs = visit.shown()
    if not runs:
        raise TensorFileError("this page has nothing to take: its file is not here")
    (shown,) = runs
    return saved(shown, ending)


def _trace_files(visit: Visit, ending: str) -> bytes:
    files = []
    for shown in visit.shown():
        try:
            files.append((f"{shown.name}{ending}", saved(shown, ending)))
        except TensorFileError as error:  # nobody reads an error of a download: it goes along
            files.append((f"{shown.name} is missing.txt", f"{shown.title}: {error}.\n".encode()))
    return zipped(files)


def saved(shown: Shown, ending: str) -> bytes:
    """Return a run as a file that ``load_trace`` reads.

    Where its steps or its words cannot be kept (those of a recurrent cell, and very long words), it
    is the values alone, by name.

    Args:
        shown: The run.
        ending: That of the file.

    Raises:
        TensorFileError: If it is too large.
    """
    try:
        return to_bytes(shown.labelled(), ending)
    except TensorFileError:
        trace, mechanism = shown.trace, shown.trace.mechanism
        names = (*trace.inputs, *trace.steps)
        values = Mechanism(names, (), mechanism.masks, mechanism.per_head)
        return to_bytes(Trace(values, {name: trace[name] for name in names}), ending)


def opening(visit: Visit) -> None:
    """Draw the field that opens files."""
    lab_files.opener()


SECTIONS: tuple[Callable[[Visit], None], ...] = (
    share,
    pictures,
    proof,
    data,
    exercises,
    opening,
)
"""What is in the menu, from top to bottom."""
