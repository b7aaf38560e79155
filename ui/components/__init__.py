"""The page's own components: real script files beside this one, served and cached as they are.

Streamlit sends a component's script with every message, so each is registered as a short loader
that imports the real file, once, from the app itself.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).parent
_PROJECT = FOLDER.parents[1]
_STYLE = _PROJECT / "attention_core" / "figures" / "figure_style.js"  # a report's figures', too
SCRIPTS = [_STYLE, *sorted(FOLDER.glob("*.js"))]
VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in SCRIPTS)).hexdigest()[:12]
ROUTE = f"/assets/{VERSION}"
"""Where the scripts are served. It changes with them, so a browser never mixes two versions."""

ADDRESSES = {f"{ROUTE}/{path.relative_to(_PROJECT).as_posix()}": path for path in SCRIPTS}
"""Each script by its address, in folders as on the disk, so that one finds another there."""

_MISSING = "This part of the page could not be loaded. Reload the page to try again."
_LOADER = """
const loading = import(new URL("{route}/ui/components/{name}.js", location.origin).href);
export default function (component) {{
  let stop, isGone = false;
  loading.then((script) => {{ if (!isGone) stop = script.default(component); }}, () => {{
    component.parentElement.querySelector(".root").textContent = {missing!r};
    if (component.data.figures) component.setStateValue("failed", true);
  }});
  return () => {{ isGone = true; stop?.(); }};
}}
"""


def component(name: str) -> Any:
    """Register the component of that name and return the function that mounts it.

    Args:
        name: Of ``<name>.js`` in this folder, and of ``<name>.css`` if there is one.
    """
    css = FOLDER / f"{name}.css"
    return st.components.v2.component(
        name,
        html="<div class='root'></div>\n<!-- filled by its script -->",
        js=_LOADER.format(route=ROUTE, name=name, missing=_MISSING),
        css=css.read_text(encoding="utf-8") if css.exists() else None,
    )
