"""The figures of every page, each group a pure function of the lab: in a page run, and ahead of it.

A page run costs Streamlit several times what the figures cost. So at an edit the browser asks here
first: which groups it shows, the lab as its address has it, and the edits since. The answer is what
the page run will send as well, made by the same functions. Nothing is remembered between questions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ui.cards import comparing, excerpt
from ui.cards.card import Group
from ui.cards.editors import operations
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS

MAX_QUESTION = 256_000  # bytes
MAX_GROUPS = 16


def groups_of(names: Sequence[str], lab: Lab) -> dict[str, Group]:
    """Return groups of figures by their names, or the parts of them shown with numbers."""
    of = {name: name.removesuffix(excerpt.SUFFIX) for name in names}
    wholes = {name: comparing.compared(LESSONS.groups[name], lab) for name in set(of.values())}
    return {
        name: wholes[whole] if name == whole else excerpt.part(wholes[whole], lab)
        for name, whole in of.items()
    }


def answer(question: object) -> dict[str, Any]:
    """Return the figures of a lab with some edits, and its address, if it is not too large for one.

    Args:
        question: ``{"lab": text, "table": name, "ops": [...], "groups": [names]}``; the operations
            are those that the table sends, edits of cells only.

    Raises:
        ValueError: If it is not such a question, or its edits cannot be made.
    """
    if not isinstance(question, Mapping):
        raise ValueError("a question is a mapping")
    lab = link.decode(str(question.get("lab")))
    editor = LESSONS.editors.get(str(question.get("table")))
    groups = question.get("groups")
    if editor is None or not isinstance(groups, list) or len(groups) > MAX_GROUPS:
        raise ValueError("a question names a table and groups of figures")
    unknown = {str(name).removesuffix(excerpt.SUFFIX) for name in groups} - set(LESSONS.groups)
    if unknown:
        raise ValueError(f"there are no figures {min(unknown)}")
    for operation in operations(question, lab.applied.get(editor.name, 0)):
        if operation["op"] != "set":
            raise ValueError("only the session knows what there is to undo")
        lab = editor.set_entries(lab, operation["cells"]).with_seen(editor.name, operation["id"])
    text = link.encode(lab)
    return {
        "groups": {name: group.data for name, group in groups_of(groups, lab).items()},
        "address": text if link.fits_address(text) else None,
    }


async def endpoint(request: Request) -> Response:
    """Answer a browser's question; one that cannot be answered waits for the page run."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_QUESTION:
            return Response(status_code=413)
    try:
        return JSONResponse(await run_in_threadpool(lambda: answer(json.loads(body))))
    except (ValueError, OverflowError, RecursionError) as error:
        return Response(str(error), status_code=422, media_type="text/plain")
