"""The menu in a real browser: found on every page and on a phone, and its proof runs."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.attention_core.export.proofs import SAME, code_of
from tests.browser.lab_page import NOTEBOOK, LabPage, changed
from tests.browser.server import Server
from tests.browser.steps import open_page, page_links
from ui.takeaway.menu import TITLE


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    return LabPage(page).open(server.url)


def proven(code: bytes | str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "taken.py"
    path.write_bytes(code if isinstance(code, bytes) else code.encode())
    command = [sys.executable, "-I", path.name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_proof_of_an_edit_runs_as_it_was_downloaded(lab: LabPage, tmp_path: Path) -> None:
    lab.set("journey", "d1", "2.5")
    lab.expect_rows(changed((1, 0, 2.5)))
    lab.wait_idle()
    text = lab.download("As a script")
    assert b"    [2.5, 0.87, 0.66],  # 'journey'\n" in text
    done = proven(text, tmp_path)
    assert (done.returncode, done.stdout) == (0, SAME), done.stderr
    spoilt = proven(text.replace(b"[2.5, 0.87,", b"[2.51, 0.87,", 1), tmp_path)
    assert "AssertionError: scores differ" in spoilt.stderr
    notebook = lab.download("As a notebook").decode()
    nbformat.validate(nbformat.reads(notebook, as_version=4))  # type: ignore[no-untyped-call]
    done = proven(code_of(notebook), tmp_path)
    assert (done.returncode, done.stdout) == (0, SAME), done.stderr
    lab.expect_rows(changed((1, 0, 2.5)))


def test_the_menu_is_in_one_place_on_every_page_and_on_a_phone(server: Server, page: Page) -> None:
    open_page(page, server.url)
    links = page_links(page)
    places = set()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for link in links:
            open_page(page, link.url)
            menu = page.get_by_role("button", name=TITLE)
            expect(menu).to_be_in_viewport()
            box = menu.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
            places.add((width, round(box["x"]), round(box["y"])))
    assert len(places) == 2, places
    menu.click()
    field = page.get_by_text("Open a lab (.json) or embeddings (.csv)")
    expect(field).to_be_attached()
    box = page.get_by_role("button", name="As a script").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.keyboard.press("Escape")
    expect(field).not_to_be_attached()


def test_a_lab_file_opens_on_any_page(lab: LabPage, server: Server) -> None:
    lab.set("journey", "d1", "2.5")
    lab.wait_idle()
    file = lab.download("Download this lab")
    lab.button("Reset all").click()
    lab.expect_rows(NOTEBOOK)
    open_page(lab.page, f"{server.url}/dropout")
    lab.upload("lab.json", file, "application/json")
    expect(lab.page.get_by_text("lab.json is open")).to_be_visible()
    expect(lab.cell("journey", "d1")).to_have_value("2.5")
