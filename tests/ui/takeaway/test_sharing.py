"""The link: the address as the browser has it, and a QR code that says the same."""

import re

import pytest
import segno
import streamlit as st

from tests.screen import FRAME, broken, components, opened
from tests.ui.labs import full_table
from ui.lab import link
from ui.lab.lab import Lab
from ui.takeaway import sharing
from ui.takeaway.sharing import MOST_IN_A_CODE, QUIET, code_of

ADDRESS = "https://lab.example/attention/causal_attention?lab=1.eNqrVipOzSvOLErVUUrNS0lVslJQ"


def modules(code: dict[str, object]) -> list[list[int]]:
    """The squares of a code, as its path paints them."""
    size = int(str(code["size"]))
    squares = [[0] * size for _ in range(size)]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", str(code["path"])):
        for column in range(int(x), int(x) + int(length)):
            squares[int(y)][column] += 1
    return squares


@pytest.mark.parametrize("address", ["http://localhost:8501/", ADDRESS, "x" * MOST_IN_A_CODE])
def test_the_path_paints_the_code_s_modules_once_each_amid_white(address: str) -> None:
    code = code_of(address)
    assert code is not None
    expected = [list(row) for row in segno.make(address, micro=False, error="l").matrix]
    white = [[0] * len(modules(code))] * QUIET
    side = [0] * QUIET
    assert modules(code) == [*white, *([*side, *row, *side] for row in expected), *white]


def test_a_link_too_long_for_a_code_has_none() -> None:
    assert code_of("x" * (MOST_IN_A_CODE + 1)) is None
    assert code_of("é" * (MOST_IN_A_CODE // 2 + 1)) is None


@pytest.fixture
def _behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    class Context:
        url = "https://lab.example/attention/causal_attention"

    monkeypatch.setattr(st, "context", Context())


@pytest.mark.usefixtures("_behind_a_proxy")
def test_the_address_is_the_browser_s_own_and_opens_the_same_lab() -> None:
    lab = Lab(sentence="to <be> & not?")
    address = sharing.address_of(lab)
    assert address.startswith(f"https://lab.example/attention/causal_attention?lab={link.VERSION}.")
    assert link.decode(address.partition("?lab=")[2]) == lab
    assert sharing.address_of(Lab()) == "https://lab.example/attention/causal_attention"
    assert sharing.address_of(full_table()) == ""


def menu_of(lab: Lab) -> tuple[dict[str, object], str]:
    """What the menu hands to the browser, and what it says."""
    at = opened(FRAME)
    at.session_state["_takeaway"] = True
    at.session_state["session"] = type(at.session_state["session"])(lab)
    at.run()
    assert broken(at) == []
    return components(at)["_sharing"], " ".join(text.value for text in (*at.markdown, *at.caption))


def test_a_lab_too_large_for_an_address_says_what_to_do() -> None:
    data, told = menu_of(full_table())
    assert (data["can_copy"], data["code"]) == (False, None)
    assert "download it below (.json) and send the file" in told


@pytest.mark.usefixtures("_behind_a_proxy")
def test_a_link_too_long_for_a_code_says_what_to_do() -> None:
    numbers = {(n, c): ((n * 64 + c) * 7919 % 9973) / 1e4 for n in range(16) for c in range(64)}
    many = [(f"w{n}", 1, c, number) for (n, c), number in numbers.items()]
    lab = Lab(sentence=" ".join(f"w{n}" for n in range(16)), d=64).with_entries(many)
    assert MOST_IN_A_CODE < len(sharing.address_of(lab)) < link.ADDRESS_LIMIT
    data, told = menu_of(lab)
    assert (data["can_copy"], data["code"]) == (True, None)
    assert "No QR code: the link has" in told
    assert "a code holds 2,953" in told
