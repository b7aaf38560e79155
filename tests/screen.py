"""Looking at a page without a browser: what was handed to it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from ui.lessons import LESSONS

PROJECT = Path(__file__).parents[1]
FRAME = PROJECT / "ui" / "frame.py"
START = PROJECT / "pages" / "start_here.py"
PAGES = [PROJECT / "pages" / lesson.script.name for lesson in LESSONS]
TABLE = "table:embeddings"


def opened(script: Path = START, **address: str) -> AppTest:
    """Return a page as a visitor with this address opens it."""
    at = AppTest.from_file(str(script), default_timeout=30)
    for name, value in address.items():
        at.query_params[name] = value
    return at.run()


def _elements(node: Any) -> Iterator[Any]:
    for child in getattr(node, "children", {}).values():
        yield child
        yield from _elements(child)


def components(at: AppTest) -> dict[str, Any]:
    """Return the data of each of our own components, by its Streamlit key."""
    found = {}
    for element in _elements(at._tree):
        if element.type == "bidi_component":
            proto = element.proto
            found[proto.id.split("-", 2)[-1]] = json.loads(proto.json)
    return found


def cards(at: AppTest, widget_key: str = "figures:start") -> dict[str, Any]:
    """Return the cards of a group of pictures, by their id."""
    return {card["id"]: card for card in components(at)[widget_key]["figures"]}


def dots(spec: dict[str, Any]) -> list[tuple[int, int]]:
    """Return the (row, column) of each cell that a figure marks as the user's own."""
    return [
        (round(y + 0.3), round(x + 0.4))
        for trace in spec["data"]
        if trace.get("mode") == "markers" and trace["meta"].get("over")
        for x, y in zip(trace["x"], trace["y"], strict=True)
    ]


def codes(at: AppTest) -> list[str]:
    """Return the listings on the page, in order."""
    return [
        "".join(part for _, part in data["parts"])
        for name, data in components(at).items()
        if name.startswith("code:")
    ]


def table(at: AppTest) -> dict[str, Any]:
    """Return what the table of the embeddings shows."""
    shown: dict[str, Any] = components(at)[TABLE]
    return shown


def send(at: AppTest, *operations: Any, widget_key: str = TABLE) -> AppTest:
    """Let the table send operations, as the browser does: all it has had no answer to."""
    return send_raw(at, {"ops": list(operations)}, widget_key=widget_key)


def send_raw(at: AppTest, pending: Any, *, widget_key: str = TABLE) -> AppTest:
    """Let the table send anything at all."""
    at.session_state[widget_key] = {"pending": pending}
    return at.run()


def edit(op_id: int, *cells: Sequence[Any], gesture: int | None = None) -> dict[str, Any]:
    """Return the operation that sets (row id, column, number) each."""
    told = [list(cell) for cell in cells]
    return {"id": op_id, "op": "set", "gesture": gesture or op_id, "cells": told}


def order(op_id: int, op: str, **more: Any) -> dict[str, Any]:
    """Return an operation other than an edit."""
    return {"id": op_id, "op": op, **more}


def broken(at: AppTest) -> list[str]:
    """Return every exception and error on the page."""
    return [str(element.value) for element in (*at.exception, *at.error)]


def said(at: AppTest) -> list[str]:
    """Return every warning and note on the page."""
    return [str(element.value) for element in (*at.warning, *at.info, *at.success)]


def markdown_texts(at: AppTest) -> list[str]:
    """Return everything on the page that is read as Markdown, widget labels included."""
    texts = []
    for element in _elements(at._tree):
        if element.type in ("markdown", "caption", "alert", "success", "info", "warning", "error"):
            texts.append(str(element.proto.body))
        if element.type in ("radio", "selectbox", "button_group"):
            texts += [str(element.proto.label), *map(str, element.proto.options)]
    return texts
