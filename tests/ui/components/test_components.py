"""Every component loads a script that is served, and every script finds the ones it imports."""

import re
from typing import Any
from urllib.parse import urljoin

import pytest
import streamlit as st

from ui import components

NAMES = [path.stem for path in components.SCRIPTS if "export default" in path.read_text("utf-8")]


@pytest.mark.parametrize("name", NAMES)
def test_a_component_loads_a_script_that_is_served(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(st.components.v2, "component", lambda name, **parts: told.update(parts))
    components.component(name)
    found = re.search(r'new URL\("([^"]+)"', told["js"])
    assert found
    assert components.ADDRESSES[found[1]].stem == name


@pytest.mark.parametrize("address", components.ADDRESSES)
def test_what_a_script_imports_is_served_where_it_asks_for_it(address: str) -> None:
    text = components.ADDRESSES[address].read_text(encoding="utf-8")
    for asked in re.findall(r'from "([^"]+)"', text):
        served = components.ADDRESSES[urljoin(address, asked)]
        assert served == (components.ADDRESSES[address].parent / asked).resolve()


def test_every_script_beside_it_is_served() -> None:
    assert set(components.FOLDER.glob("*.js")) < set(components.ADDRESSES.values())
    assert all(components.VERSION in address for address in components.ADDRESSES)
