"""The table of embeddings: every way of editing it, and every picture following."""

from dataclasses import replace

import pytest
import torch
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.lab_page import NOTEBOOK, LabPage, changed, drag
from tests.browser.server import Server
from ui.lab import link
from ui.lab.lab import Lab


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    return LabPage(page).open(server.url)


def test_typing_moves_on_with_enter_tab_and_arrows_and_the_pictures_follow(lab: LabPage) -> None:
    lab.expect_rows(NOTEBOOK)
    lab.cell("Your", "d1").click()
    lab.type("0.5", "Enter")
    assert lab.focused() == "journey d1"
    lab.type("−2e-1", "Tab")  # with the minus sign that documents use
    assert lab.focused() == "journey d2"
    lab.type("3", "ArrowDown")
    assert lab.focused() == "starts d2"
    for key, name in (
        ("ArrowRight", "starts d3"),
        ("Tab", "with d1"),
        ("Shift+Tab", "starts d3"),
        ("Home", "starts d1"),
        ("Control+End", "step d3"),
        ("ArrowDown", "step d3"),
        ("ArrowUp", "one d3"),
        ("ArrowLeft", "one d2"),
    ):
        lab.type(key)
        assert lab.focused() == name, key
    lab.type("7", "Escape")
    lab.expect_rows(changed((0, 0, 0.5), (1, 0, -0.2), (1, 1, 3)))


def test_the_second_the_tenth_and_the_edit_after_a_reset_all_stick(lab: LabPage) -> None:
    for count in range(1, 11):
        lab.set("journey", "d2", str(count))
        if count in (1, 2, 10):
            lab.expect_rows(changed((1, 1, count)))
    lab.button("Reset all").click()
    lab.expect_rows(NOTEBOOK)
    expect(lab.button("Reset all")).to_be_disabled()
    lab.set("journey", "d2", "11")
    lab.expect_rows(changed((1, 1, 11)))
    lab.set("step", "d3", "12")
    lab.expect_rows(changed((1, 1, 11), (5, 2, 12)))
    lab.button("Reset row journey").click()
    lab.expect_rows(changed((5, 2, 12)))
    lab.set("journey", "d2", "13")
    lab.expect_rows(changed((1, 1, 13), (5, 2, 12)))


def test_twenty_quick_edits_all_land(lab: LabPage) -> None:
    numbers = [number / 10 for number in range(11, 29)]
    lab.cell("Your", "d1").click()
    for column in range(3):
        for row in range(6):
            lab.type(str(numbers[6 * column + row]), "Enter")
        lab.type("Control+Home", *["ArrowRight"] * (column + 1))
    lab.type("Control+Home", "5.5", "Enter", "6.5", "Enter")
    expected = [[numbers[6 * column + row] for column in range(3)] for row in range(6)]
    expected[0][0], expected[1][0] = 5.5, 6.5
    lab.expect_rows(expected)
    lab.page.reload()
    lab.expect_rows(expected)


def test_a_scrub_redraws_the_pictures_all_along_and_its_last_number_lands(lab: LabPage) -> None:
    seen: list[str] = []

    def look() -> None:
        lab.page.wait_for_timeout(20)
        seen.append(lab.labels("weights")[7])

    cell = lab.cell("journey", "d2")
    drag(lab.page, cell, range(3, 151, 3), look)
    expect(cell).to_have_value("2.37")
    lab.expect_rows(changed((1, 1, 2.37)))
    assert len(set(seen)) >= 6, f"while scrubbing the picture showed only {set(seen)}"
    assert lab.labels("weights")[7] not in seen[:10]
    lab.button("Undo").click()  # the whole scrub is one step
    lab.expect_rows(NOTEBOOK)


def test_a_block_is_copied_and_pasted_as_one_step(lab: LabPage) -> None:
    lab.cell("Your", "d1").click()
    lab.type("Shift+ArrowRight", "Shift+ArrowDown", "Control+c")
    copied = lab.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "0.43\t0.15\n0.55\t0.87"
    lab.cell("one", "d2").click()
    lab.type("Control+v")
    pasted = changed((4, 1, 0.43), (4, 2, 0.15), (5, 1, 0.55), (5, 2, 0.87))
    lab.expect_rows(pasted)
    lab.cell("Your", "d1").click()
    lab.paste('1\t"2"\r\n3\t4e-1\r\n')  # as a spreadsheet writes it
    both = changed((0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 0.4), start=pasted)
    lab.expect_rows(both)
    lab.type("Control+z")
    lab.expect_rows(pasted)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1\t2\t3\t4\n" * 8, "is 8 × 4, but only 6 × 3 fits from here. Nothing was changed."),
        ("1\tfoo\n3\t4", "row 1, column 2: “foo” is not a number"),
    ],
    ids=["too large", "with a word in it"],
)
def test_a_paste_that_does_not_fit_changes_nothing_and_says_why(
    lab: LabPage, text: str, says: str
) -> None:
    lab.cell("Your", "d1").click()
    lab.paste(text)
    expect(lab.message).to_contain_text(says)
    assert lab.rows() == NOTEBOOK
    lab.set("step", "d3", "4")  # once this has arrived, the paste would have
    lab.expect_rows(changed((5, 2, 4)))
    expect(lab.message).to_have_text("")


def test_a_bad_number_is_explained_keeps_its_text_and_leaves_the_pictures(lab: LabPage) -> None:
    cell = lab.cell("journey", "d2")
    for count, (text, says) in enumerate(
        (
            ("abc", "“abc” is not a number"),
            ("", "The cell is empty"),
            ("1e400", "“1e400” is too large"),
            ("nan", "“nan” is not a finite number"),
            ("inf", "“inf” is not a finite number"),
            ("1,5", "“1,5” has a comma: write 1.5 with a point"),
            ("-1000001", "“-1000001” is too large: the limit is ±1000000"),
            ("<img src=x onerror=alert(1)>", "“<img src=x onerror=alert(1)>” is not a number"),
        )
    ):
        cell.click()
        lab.type(text or "Delete", "Tab")
        expect(lab.message).to_contain_text(f"journey · d2: {says}")
        expect(lab.message).to_contain_text("Still using 0.87")
        expect(cell).to_have_value(text)
        expect(cell).to_have_attribute("aria-invalid", "true")
        lab.set("step", "d3", str(count))  # what arrives meanwhile does not touch the text
        lab.expect_pictures(changed((5, 2, count)))
        expect(cell).to_have_value(text)
        cell.click()
        lab.type("Escape")
        expect(cell).to_have_value("0.87")
        expect(lab.message).to_have_text("")
    assert lab.page.locator("table img").count() == 0


def test_undo_and_redo_by_keyboard_and_by_button(lab: LabPage) -> None:
    expect(lab.button("Undo")).to_be_disabled()
    lab.cell("Your", "d1").click()
    lab.type("1", "Enter", "2", "Enter")
    one, two = changed((0, 0, 1)), changed((0, 0, 1), (1, 0, 2))
    lab.expect_rows(two)
    lab.type("Control+z")
    lab.expect_rows(one)
    lab.type("Control+y")
    lab.expect_rows(two)
    lab.button("Undo").click()
    lab.button("Undo").click()
    lab.expect_rows(NOTEBOOK)
    expect(lab.button("Undo")).to_be_disabled()
    lab.button("Redo").click()
    lab.expect_rows(one)
    lab.set("step", "d1", "9")
    expect(lab.button("Redo")).to_be_disabled()
    lab.expect_rows(changed((0, 0, 1), (5, 0, 9)))


def test_the_width_changes_and_edits_at_the_old_one_come_back(lab: LabPage) -> None:
    lab.set("Your", "d1", "4")
    lab.expect_rows(changed((0, 0, 4)))
    width = lab.page.get_by_label("Width d", exact=True)
    width.fill("5")
    width.press("Enter")
    expect(lab.cell("Your", "d5")).to_be_visible()
    lab.set("step", "d5", "6")
    expect(lab.page.locator("[data-figure=context] .shape")).to_have_text("6 × 5")
    lab.wait_idle()
    wide = lab.rows()
    assert wide[5][4] == 6
    assert {len(row) for row in wide} == {5}
    lab.expect_pictures(wide)
    width.fill("3")
    width.press("Enter")
    lab.expect_rows(changed((0, 0, 4)))


def test_every_preset_fills_the_table_and_random_follows_its_seed(lab: LabPage) -> None:
    lab.choose("Start from", "All rows equal")
    lab.expect_rows([[0.5] * 3] * 6)
    lab.choose("Start from", "One-hot")
    lab.expect_rows(torch.eye(3).repeat(2, 1).tolist())
    lab.choose("Start from", "Ten times larger")
    lab.expect_rows([[round(10 * number, 2) for number in row] for row in NOTEBOOK])
    lab.set("Your", "d1", "1")
    lab.choose("Start from", "Random (seeded)")
    seed = lab.page.get_by_label("Seed", exact=True)
    expect(seed).to_have_value("123")
    lab.wait_idle()
    first = lab.rows()
    assert all(-1 <= number <= 1 for row in first for number in row), "the edit should be gone"
    lab.expect_rows(first)
    seed.fill("124")
    seed.press("Enter")
    expect(lab.cell("Your", "d1")).not_to_have_value(str(first[0][0]))
    lab.wait_idle()
    lab.expect_rows(lab.rows())
    seed.fill("123")
    seed.press("Enter")
    lab.expect_rows(first)
    lab.choose("Start from", "As in the notebook")
    lab.expect_rows(NOTEBOOK)


def test_the_largest_table_of_one_page_is_usable(server: Server, context: BrowserContext) -> None:
    lab = LabPage(context.new_page()).open(server.url)
    lab.sentence.fill(" ".join(f"word{number}" for number in range(64)))
    width = lab.page.get_by_label("Width d", exact=True)
    expect(lab.table.get_by_role("rowheader")).to_have_count(64)
    width.fill("16")
    width.press("Enter")
    expect(lab.table.locator("tbody input")).to_have_count(1024)
    expect(lab.pager).to_be_hidden()
    lab.cell("word0", "d1").click()
    for number in range(10):
        lab.type(f"{number}.5", "Enter")
    lab.type("Control+End")
    assert lab.focused() == "word63 d16"
    lab.type("2.5", "Enter")
    lab.wait_idle()
    rows = lab.rows()
    assert [row[0] for row in rows[:10]] == [number + 0.5 for number in range(10)]
    assert rows[63][15] == 2.5
    lab.expect_rows(rows)
    is_wider = "document.documentElement.scrollWidth > window.innerWidth"
    assert not lab.page.evaluate(is_wider), "the page scrolls sideways"


# ---- Pages of rows ----

STORED = "() => JSON.stringify(localStorage)"
PAGED = Lab(sentence=" ".join(f"word{row}" for row in range(40)), d=64, preset="random")


@pytest.fixture
def paged(server: Server, page: Page) -> LabPage:
    """A table of 40 × 64: pages of 16, 16 and 8 rows."""
    return LabPage(page).open(f"{server.url}?lab={link.encode(PAGED)}")


def expect_page(lab: LabPage, first: int, count: int) -> None:
    """Wait until the table shows these rows of 40, with their numbers."""
    expect(lab.pager).to_contain_text(f"Rows {first + 1}–{first + count} of 40")
    lab.expect_tokens([f"word{row}" for row in range(first, first + count)])
    for row in (first, first + count - 1):
        expect(lab.cell(f"word{row}", "d2")).to_have_value(str(PAGED.embeddings[row][1]))


def test_pages_turn_by_mouse(paged: LabPage) -> None:
    expect_page(paged, 0, 16)
    expect(paged.button("Previous rows")).to_be_disabled()
    paged.button("Next rows").click()
    expect_page(paged, 16, 16)
    expect(paged.button("Undo")).to_be_disabled()
    paged.button("Next rows").click()
    expect_page(paged, 32, 8)
    expect(paged.button("Next rows")).to_be_disabled()
    expect(paged.button("Previous rows")).to_be_focused()
    paged.button("Previous rows").click()
    paged.button("Previous rows").click()
    expect_page(paged, 0, 16)
    paged.page.get_by_label("Go to row").select_option("39 · word38")
    expect_page(paged, 32, 8)
    paged.wait_idle()
    paged.reload()
    expect_page(paged, 32, 8)


def test_pages_turn_by_keyboard_in_the_same_column(paged: LabPage) -> None:
    paged.cell("word15", "d7").click()
    for key, name in (
        ("ArrowDown", "word16 d7"),
        ("ArrowUp", "word15 d7"),
        ("Enter", "word16 d7"),
        ("Shift+Enter", "word15 d7"),
        ("PageDown", "word31 d7"),
        ("PageDown", "word39 d7"),
        ("PageUp", "word23 d7"),
        ("Control+Home", "word0 d1"),
        ("ArrowUp", "word0 d1"),
        ("PageUp", "word0 d1"),
        ("Control+End", "word39 d64"),
        ("ArrowDown", "word39 d64"),
    ):
        paged.type(key)
        assert paged.focused() == name, key
    expect_page(paged, 32, 8)
    paged.wait_idle()
    assert paged.focused() == "word39 d64"


def test_no_edit_is_lost_at_the_turn_of_a_page(paged: LabPage) -> None:
    paged.cell("word14", "d1").click()
    for number in range(4):  # over the end of the page, faster than any answer
        paged.type(f"{number}.5", "Enter")
    assert paged.focused() == "word18 d1"
    paged.type("Control+Home", "9", "Enter", "PageDown", "8", "ArrowUp")
    assert paged.focused() == "word16 d1"
    expect(paged.cell("word17", "d1").locator("..")).to_have_class("edited")  # the last one
    expect(paged.cell("word17", "d1")).to_have_value("8")
    paged.wait_idle()
    paged.reload()
    for word, text in (("word16", "2.5"), ("word17", "8")):
        expect(paged.cell(word, "d1")).to_have_value(text)
    paged.button("Previous rows").click()
    for word, text in (("word0", "9"), ("word14", "0.5"), ("word15", "1.5")):
        expect(paged.cell(word, "d1")).to_have_value(text)


def test_undo_after_a_turn_takes_back_the_edit_and_not_the_turn(paged: LabPage) -> None:
    paged.set("word2", "d2", "7")
    paged.button("Next rows").click()
    expect_page(paged, 16, 16)
    paged.button("Undo").click()
    expect(paged.button("Redo")).to_be_enabled()
    expect(paged.button("Undo")).to_be_disabled()
    expect_page(paged, 16, 16)
    paged.button("Previous rows").click()
    expect(paged.cell("word2", "d2")).to_have_value(str(PAGED.embeddings[2][1]))


def test_a_text_that_is_no_number_waits_for_its_page(paged: LabPage) -> None:
    paged.cell("word3", "d1").click()
    paged.type("abc", "Tab")
    expect(paged.message).to_contain_text("word3 · d1: “abc” is not a number")
    paged.button("Next rows").click()
    expect_page(paged, 16, 16)
    expect(paged.message).to_have_text("")
    paged.set("word17", "d1", "5")
    paged.button("Previous rows").click()
    expect(paged.cell("word3", "d1")).to_have_value("abc")
    expect(paged.message).to_contain_text("word3 · d1: “abc” is not a number. Still using ")


def test_a_block_is_pasted_beyond_the_page(paged: LabPage) -> None:
    block = "\n".join(f"{row}.25\t{row}.75" for row in range(20))
    paged.cell("word15", "d63").click()
    paged.paste(f"{block}\n0\t0\n0\t0\n0\t0\n0\t0\n0\t0\n0\t0")
    expect(paged.message).to_contain_text("is 26 × 2, but only 25 × 2 fits from here")
    paged.paste(block)
    expect(paged.cell("word15", "d64")).to_have_value("0.75")
    paged.button("Next rows").click()
    expect(paged.cell("word16", "d63")).to_have_value("1.25")
    expect(paged.cell("word31", "d64")).to_have_value("16.75")
    paged.button("Next rows").click()
    expect(paged.cell("word34", "d63")).to_have_value("19.25")
    paged.button("Undo").click()
    expect(paged.cell("word34", "d63")).to_have_value(str(PAGED.embeddings[34][62]))
    expect(paged.button("Undo")).to_be_disabled()


def test_what_was_read_is_focused_on_its_own_page(paged: LabPage) -> None:
    lab = replace(PAGED, trail=(("figures:start", "scores", 38, 1),))
    paged.open(f"{paged.page.url.split('?')[0]}?lab={link.encode(lab)}")
    expect_page(paged, 0, 16)
    paged.page.get_by_role("button", name="inputs · word38 · d2").first.click()
    expect_page(paged, 32, 8)
    assert paged.focused() == "word38 d2"


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}], ids=["narrow"])
def test_a_wide_table_says_that_there_is_more_and_scrolls_by_itself(paged: LabPage) -> None:
    note = paged.page.get_by_text("64 columns: scroll sideways to see them all.")
    expect(note).to_be_visible()
    frame = paged.page.locator(".frame")
    expect(frame).to_have_class("frame more")
    is_wider = "document.documentElement.scrollWidth > window.innerWidth"
    assert not paged.page.evaluate(is_wider), "the page scrolls sideways"
    paged.cell("word1", "d1").click()
    paged.type("End")
    expect(frame).to_have_class("frame")
    heading = paged.table.get_by_role("rowheader", name="word1", exact=True)
    left = heading.evaluate("head => head.getBoundingClientRect().left")
    assert left >= 0, "the label should stay at the left"
    assert paged.table.get_by_role("columnheader", name="d64").is_visible()


def test_the_largest_csv_opens_and_its_pages_turn(server: Server, page: Page) -> None:
    lab = LabPage(page).open(server.url)
    header = ",".join(["token", *(f"d{column + 1}" for column in range(64))])
    lines = [",".join([f"w{row}", *(f"{row}.{c + 10}" for c in range(64))]) for row in range(512)]
    lab.upload("large.csv", "\n".join([header, *lines]).encode())
    expect(lab.pager).to_contain_text("Rows 1–16 of 512")
    page.keyboard.press("Escape")
    lab.cell("w3", "d5").click()
    lab.type("Control+End")
    assert lab.focused() == "w511 d64"
    expect(lab.cell("w511", "d64")).to_have_value("511.73")
    expect(lab.cell("w496", "d1")).to_have_value("496.1")
    lab.wait_idle()
    stored = page.evaluate(STORED)
    lab.set("w511", "d64", "7.5")  # the closing popover may have taken the focus
    page.wait_for_function(f"stored => ({STORED})() !== stored", arg=stored)
    page.reload()
    expect(lab.cell("w511", "d64")).to_have_value("7.5")


def test_more_tokens_than_are_used_are_said(lab: LabPage) -> None:
    lab.sentence.fill("word " * 513)
    said = lab.page.get_by_text("The sentence has 513 tokens. The first 512 are used.")
    expect(said).to_be_visible()
    expect(lab.pager).to_contain_text("Rows 1–64 of 512")
