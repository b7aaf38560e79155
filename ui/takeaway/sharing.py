"""The link to what is on screen: copied, as a QR code for a classroom, and the page on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import segno
import streamlit as st

from ui.components import component
from ui.lab import link, state
from ui.lab.lab import Lab

MOST_IN_A_CODE = 2_953  # bytes: what version 40 of a QR code holds, with the least correction
QUIET = 4  # modules of white around it, as the standard asks for
TOO_LARGE = (
    "This lab is too large for an address. It is kept in this browser, so a reload restores it. "
    "To share it, download it below (.json) and send the file: dropped onto any page, it opens."
)

_sharing = component("sharing")


def address_of(lab: Lab) -> str:
    """Return the page's address as the visitor's browser has it, with the lab in it.

    Returns:
        Nothing if the lab is too large for an address, or the browser did not say where it is.
    """
    # What the browser says: behind a proxy the server does not know its own name.
    here, text = st.context.url or "", link.encode(lab)
    if not here or not link.fits_address(text):
        return ""
    return f"{here}?lab={text}" if text else here


def code_of(address: str) -> dict[str, Any] | None:
    """Return a QR code as its width in modules and an SVG path; None if the address is too long.

    Example:
        >>> code_of("http://localhost:8501/")["size"]
        33
        >>> code_of("http://localhost:8501/?lab=" + "x" * 3000) is None
        True
    """
    if len(address.encode()) > MOST_IN_A_CODE:
        return None
    code = segno.make(address, micro=False, error="l")
    rows = list(code.matrix)
    return {"size": len(rows) + 2 * QUIET, "path": _path(rows)}


def _path(rows: Sequence[Sequence[int]]) -> str:
    """Return dark modules as an SVG path: a rectangle for each run in a row."""
    parts = []
    for y, row in enumerate(rows, start=QUIET):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                parts.append(f"M{start + QUIET} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return "".join(parts)


def section(lab: Lab) -> None:
    """Draw what shares the page: its link, its QR code, and paper."""
    address, is_large = address_of(lab), state.is_large()
    code = code_of(address) if address else None
    if is_large:
        st.markdown(TOO_LARGE)
    else:
        st.markdown(
            "**The link** holds your sentence, your edits and your options, and opens the same lab "
            "anywhere."
        )
    _sharing(data={"can_copy": not is_large, "code": code}, key="_sharing")
    if address and not code:
        st.caption(
            f"No QR code: the link has {len(address.encode()):,} bytes, and a code holds "
            f"{MOST_IN_A_CODE:,}. Send the link itself, or undo some edits: each takes some bytes."
        )
