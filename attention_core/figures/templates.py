"""Fill the templates beside this module: a page's report and sheets of exercises, as HTML.

Jinja2 escapes every field. What is HTML itself is marked ``safe`` in the template: a style sheet, a
script and a formula of ours.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from attention_core.mathml import mathml


def filled(template: str, /, **fields: Any) -> str:
    """Return an HTML template with its fields filled in; what has HTML's signs in it is escaped.

    Args:
        template: The name of its file.
        fields: What it names.

    Raises:
        jinja2.UndefinedError: If it names a field that is not given.

    Example:
        >>> fields = {"style": "", "sheets": [], "link": "", "has_answers": False}
        >>> html = filled("paper.html", title="<i>", **fields)
        >>> html.count("By hand: &lt;i&gt;"), html.count("<i>")
        (1, 0)
    """
    return _environment().get_template(template).render(fields)


@cache
def text_of(name: str) -> str:
    """Return the text of a file beside this module, such as a style sheet.

    Example:
        >>> text_of("report.css").splitlines()[0]
        ':root {'
    """
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    """Return what templates are read with, made once."""
    made = Environment(
        loader=PackageLoader(__package__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"mathml": mathml, "sha256": _sha256}
    return made


def _sha256(text: str) -> str:
    """Return a text's hash as a content security policy names a script by it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
