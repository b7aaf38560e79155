"""What a visitor chose outlives reloads, links, page switches and servers."""

import json
import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.lab_page import NOTEBOOK, LabPage, changed, until
from tests.browser.server import Server
from tests.browser.steps import PageLink, open_page, page_links
from tests.browser.watch import Watch
from ui.lab.link import VERSION

EDITED = changed((1, 1, 9), (5, 2, -3.25))
CONNECTION_LOST = (
    "WebSocket connection",
    "ERR_CONNECTION_REFUSED",
    "ERR_EMPTY_RESPONSE",
    "when disconnected from server",
    "No response received",
    "Is Streamlit still running?",
)


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    return LabPage(page).open(server.url)


@pytest.fixture(scope="module")
def second_server() -> Iterator[Server]:
    """Another process of the app, for the tests of this file to stop and start."""
    running = Server().start()
    yield running
    running.stop()


def edit(lab: LabPage) -> None:
    """Make the two edits that lead to EDITED."""
    lab.set("journey", "d2", "9")
    lab.set("step", "d3", "-3.25")
    lab.expect_rows(EDITED)
    lab.wait_idle()


def address_part(lab: LabPage) -> str:
    """What the address says after the host."""
    return str(lab.page.evaluate("location.pathname + location.search"))


def test_an_address_shows_the_same_numbers_to_everyone(
    lab: LabPage, chromium: Browser, server: Server, second_server: Server, watch: Watch
) -> None:
    edit(lab)
    lab.sentence.fill("One journey step by step")
    lab.expect_tokens(["One", "journey", "step", "by", "step"])
    lab.wait_idle()
    rows = lab.rows()
    assert (rows[1][1], rows[2][2]) == (9, -3.25)
    lab.reload()
    lab.expect_rows(rows)
    address = address_part(lab)
    for origin in (server.url, second_server.url):
        other = chromium.new_context(locale="de-DE")
        watch.context(other)
        visitor = LabPage(other.new_page()).open(origin + address)
        visitor.expect_rows(rows)
        expect(visitor.sentence).to_have_value("One journey step by step")
        other.close()


def expect_lab_in_address(lab: LabPage, link: PageLink) -> None:
    """Wait until the address is the page's and holds the lab."""
    until(
        lambda: str(lab.page.evaluate("location.href")).startswith(f"{link.url}?lab={VERSION}."),
        lambda: f"{lab.page.evaluate('location.href')} is not {link.url} with the lab",
    )


def test_another_page_and_back_keeps_everything_and_back_leaves_the_page_at_once(
    lab: LabPage,
) -> None:
    start, other, *_ = page_links(lab.page)
    edit(lab)
    entries = lab.page.evaluate("history.length")
    lab.set("Your", "d1", "7")
    lab.set("Your", "d1", "8")
    edited = changed((0, 0, 8), start=EDITED)
    lab.expect_rows(edited)
    assert lab.page.evaluate("history.length") == entries, "an edit is no page to go back to"
    lab.page.get_by_role("link", name=other.title).click()
    expect(lab.page.get_by_test_id("stMain").get_by_role("heading", level=1)).not_to_have_text(
        "What does self-attention do to a sentence?"
    )
    expect_lab_in_address(lab, other)
    lab.page.go_back()
    lab.expect_rows(edited)
    expect_lab_in_address(lab, start)
    lab.page.get_by_role("link", name=other.title).click()
    expect_lab_in_address(lab, other)
    lab.page.get_by_role("link", name=start.title).click()
    lab.expect_rows(edited)
    expect_lab_in_address(lab, start)
    lab.button("Undo").click()
    lab.expect_rows(changed((0, 0, 7), start=EDITED))


def test_the_open_page_survives_a_new_server_with_the_edits_made_meanwhile(
    second_server: Server, page: Page, watch: Watch
) -> None:
    watch.expected += CONNECTION_LOST
    lab = LabPage(page).open(second_server.url)
    edit(lab)
    second_server.stop()
    lab.set("Your", "d1", "6")
    assert lab.rows() == changed((0, 0, 6), start=EDITED)
    second_server.start()
    lab.expect_rows(changed((0, 0, 6), start=EDITED))
    lab.set("one", "d1", "5")
    lab.set("one", "d2", "4")
    lab.expect_rows(changed((0, 0, 6), (4, 0, 5), (4, 1, 4), start=EDITED))
    lab.wait_idle()
    lab.reload()
    lab.expect_rows(changed((0, 0, 6), (4, 0, 5), (4, 1, 4), start=EDITED))


def make_large(lab: LabPage) -> list[list[float]]:
    """Fill the largest table with numbers that no compression makes small."""
    source = random.Random(7)
    words = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(64)]
    lab.sentence.fill(" ".join(words))
    expect(lab.table.get_by_role("rowheader")).to_have_count(64)
    width = lab.page.get_by_label("Width d", exact=True)
    width.fill("16")
    width.press("Enter")
    expect(lab.table.locator("tbody input")).to_have_count(1024)
    rows = [[round(source.uniform(-1, 1), 9) for _ in range(16)] for _ in words]
    block = "\n".join("\t".join(map(str, row)) for row in rows)
    lab.paste_large(lab.cell(words[0], "d1"), block)
    lab.expect_rows(rows)
    lab.wait_idle()
    return rows


def test_a_lab_too_large_for_an_address_survives_a_reload_and_a_new_server(
    second_server: Server, page: Page, chromium: Browser, watch: Watch
) -> None:
    watch.expected += CONNECTION_LOST
    lab = LabPage(page).open(second_server.url)
    rows = make_large(lab)
    assert "lab=local." in page.url
    assert len(page.url) < 200
    lab.reload()
    lab.expect_rows(rows)
    second_server.restart()
    lab.reload()
    lab.expect_rows(rows)
    first = lab.tokens()[0]
    lab.set(first, "d1", "42")
    rows[0][0] = 42
    lab.expect_rows(rows)
    lab.wait_idle()
    lab.reload()
    lab.expect_rows(rows)

    stranger = chromium.new_context()
    watch.context(stranger)
    other = LabPage(stranger.new_page()).open(page.url)
    expect(other.page.get_by_text("kept in another browser")).to_be_visible()
    other.expect_rows(NOTEBOOK)
    lab.button_starting("Take it with you").click()
    expect(page.get_by_text("This lab is too large for an address.")).to_be_visible()
    file = lab.download("Download this lab")
    other.upload("lab.json", file, "application/json")
    other.expect_rows(rows)
    stranger.close()


def test_a_sentence_of_ten_thousand_words_survives_a_reload(lab: LabPage) -> None:
    source = random.Random(8)
    words = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(10_000)]
    lab.sentence.fill(" ".join(words))
    lab.expect_tokens(words[:64])
    lab.page.wait_for_url("**lab=local.*")
    lab.wait_idle()
    lab.reload()
    lab.expect_tokens(words[:64])
    expect(lab.sentence).to_have_value(" ".join(words))
    lab.expect_nothing_wrong()


def test_files_carry_a_lab_out_and_in_again(lab: LabPage, context: BrowserContext) -> None:
    edit(lab)
    file = lab.download("Download this lab")
    table = lab.download("Download the embeddings")
    assert json.loads(file)["attention_lab"] == VERSION
    assert table.decode("utf-8-sig").splitlines()[:2] == ["token,d1,d2,d3", "Your,0.43,0.15,0.89"]
    lab.button("Reset all").click()
    lab.expect_rows(NOTEBOOK)
    lab.upload("my lab.json", file, "application/json")
    expect(lab.page.get_by_text("my lab.json is open")).to_be_visible()
    lab.expect_rows(EDITED)
    lab.button("Undo").click()
    lab.expect_rows(NOTEBOOK)
    lab.upload("embeddings.csv", table)
    lab.expect_rows(EDITED)
    lab.upload("other.csv", b"token,d1,d2\nto,0.5,-1\nbe,2,3\n")
    lab.expect_tokens(["to", "be"])
    lab.expect_rows([[0.5, -1], [2, 3]])
    lab.set("be", "d1", "6")
    lab.expect_rows([[0.5, -1], [6, 3]])


BAD_FILES = (
    ("header.csv", b"word,x,y\nto,1,2\n", "Its first line must be token, d1, d2"),
    ("ragged.csv", b"token,d1,d2\nto,1,2\nbe,1\n", "Line 3 has 2 entries; the first line has 3."),
    ("word.csv", b"token,d1\nto,foo\n", "In line 2, “foo” is not a number"),
    ("latin.csv", "token,d1\ncafé,1\n".encode("latin-1"), "It is not text in UTF-8."),
    ("binary.csv", bytes(range(256)) * 40, "It is not"),
    ("empty.csv", b"", "was not opened"),
    ("other.json", b'{"a": 1}', "This file is JSON, but not a lab"),
    ("cut.json", b'{"attention_lab": 1, "sent', "it could not be read as JSON"),
    ("hostile.json", b'{"attention_lab": 1, "d": 1e9}', "d should be a whole number from 1 to 64"),
)


def test_a_file_that_cannot_be_used_says_why_and_changes_nothing(lab: LabPage) -> None:
    edit(lab)
    for name, contents, says in BAD_FILES:
        lab.upload(name, contents)
        warning = lab.page.get_by_role("alert").filter(has_text=f"{name} was not opened.")
        expect(warning).to_contain_text(says)
        expect(warning).to_contain_text("Nothing was changed.")
        lab.expect_rows(EDITED)
        lab.expect_nothing_wrong()


BAD_ADDRESSES = (
    ("nonsense", "The lab in this link is damaged."),
    ("1.!!!", "The lab in this link is damaged"),
    ("1.eNqrVkpNySwpVrKKjlYqLkktUNIx1DHWMdIx1TOI", "the link was cut short"),
    ("999.AAAA", "was made by another version of Attention Lab"),
    ("local.0123456789abcdef", "kept in another browser"),
    ("<script>alert(1)</script>", "The lab in this link is damaged."),
    ("1." + "A" * 60_000, "The lab in this link is damaged"),
)


def test_a_bad_address_shows_a_warning_and_the_first_lab(server: Server, page: Page) -> None:
    lab = LabPage(page)
    for address, says in BAD_ADDRESSES:
        lab.open(f"{server.url}/?lab={quote(address)}")
        expect(page.get_by_test_id("stMain").get_by_role("alert").first).to_contain_text(says)
        lab.expect_rows(NOTEBOOK)
        lab.expect_nothing_wrong()
    lab.set("Your", "d1", "7")
    lab.expect_rows(changed((0, 0, 7)))


def test_every_page_opens_with_a_shared_lab(server: Server, lab: LabPage, page: Page) -> None:
    edit(lab)
    query = page.evaluate("location.search")
    for link in page_links(page):
        open_page(page, link.url + query)
        assert page.evaluate("location.search") == query, link.title
        lab.expect_nothing_wrong()
