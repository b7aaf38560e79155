"""The sentence: the pictures follow while typing, edits stay with their words, nothing breaks."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.lab_page import LabPage, changed
from tests.browser.server import Server

SENTENCE = "Your journey starts with one step"
MARKUP = ("<b>x</b>", "<img/src=x/onerror=alert(1)>", "$x$", "[a](javascript:alert(1))", "*a*")


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    return LabPage(page).open(server.url)


def test_the_pictures_follow_while_typing_without_enter(lab: LabPage) -> None:
    lab.sentence.focus()
    lab.type("End", " of")
    lab.expect_tokens([*SENTENCE.split(), "of"])
    lab.expect_pictures(lab.rows())
    assert lab.focused() == "Sentence", "typing was interrupted"
    lab.type(" Naïve", " don't", " 3.14", " 🙂", ".")
    tokens = [*SENTENCE.split(), "of", "Naïve", "don't", "3.14", "🙂"]
    lab.expect_tokens(tokens)
    expect(lab.sentence).to_have_value(f"{SENTENCE} of Naïve don't 3.14 🙂.")
    lab.wait_idle()
    lab.expect_rows(lab.rows())
    lab.page.get_by_text("Keep punctuation").click()
    lab.expect_tokens([*tokens, "."])


def test_edits_stay_with_their_words_while_the_sentence_changes(lab: LabPage) -> None:
    lab.set("journey", "d2", "9")
    lab.set("step", "d3", "8")
    lab.expect_rows(changed((1, 1, 9), (5, 2, 8)))
    lab.sentence.fill("Well, Your long journey starts with one step")
    lab.expect_tokens(["Well", "Your", "long", "journey", "starts", "with", "one", "step"])
    lab.wait_idle()
    rows = lab.rows()
    assert rows[3] == [0.55, 9, 0.66]
    assert rows[7] == [0.05, 0.80, 8]
    lab.expect_pictures(rows)
    lab.sentence.fill("one step back one step")
    lab.expect_tokens(["one", "step", "back", "one", "step"])
    expect(lab.cell("step", "d3", row=2)).to_have_value("8")  # of two steps, the first one
    expect(lab.cell("step", "d3", row=5)).to_have_value("0.55")
    lab.sentence.fill(SENTENCE)
    lab.expect_tokens(SENTENCE.split())
    lab.expect_rows(changed((1, 1, 9), (5, 2, 8)))


def test_an_edit_under_way_in_the_table_survives_a_change_of_the_sentence(lab: LabPage) -> None:
    lab.set("journey", "d2", "9")  # not waited for: the next message follows at once
    lab.sentence.fill("My journey")
    lab.expect_tokens(["My", "journey"])
    expect(lab.cell("journey", "d2")).to_have_value("9")
    lab.wait_idle()
    lab.expect_rows(lab.rows())
    assert lab.rows()[1] == [0.55, 9, 0.66]


def test_a_sentence_without_words_says_so_and_one_too_long_is_cut(lab: LabPage) -> None:
    lab.set("Your", "d1", "4")
    edited = changed((0, 0, 4))
    lab.expect_rows(edited)
    for sentence, says in (
        ("", "The sentence is empty. Type at least one word."),
        ("   ", "The sentence is empty. Type at least one word."),
        ("... !?", "There is no word in this sentence, only punctuation."),
    ):
        lab.sentence.fill(sentence)
        expect(lab.page.get_by_text(says)).to_be_visible()
        lab.expect_rows(edited)
    lab.sentence.fill(" ".join(f"w{number}" for number in range(10_000)))
    expect(
        lab.page.get_by_text("The sentence has 10,000 tokens. The first 512 are used.")
    ).to_be_visible()
    lab.expect_tokens([f"w{number}" for number in range(64)])
    expect(lab.page.locator("[data-figure=scores] .shape")).to_have_text("512 × 512")
    lab.wait_idle()
    lab.sentence.fill(SENTENCE)
    lab.expect_rows(edited)
    lab.expect_nothing_wrong()


def test_words_that_are_markup_are_shown_as_they_are_everywhere(lab: LabPage) -> None:
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    lab.page.on("dialog", refuse)
    lab.sentence.fill(" ".join(MARKUP))
    lab.page.get_by_text("Keep punctuation").click()
    expect(lab.page.locator("[data-figure=scores] .shape")).not_to_have_text("6 × 6")
    lab.wait_idle()
    tokens = lab.tokens()
    assert "".join(tokens) == "".join(MARKUP)
    lab.expect_rows(lab.rows())
    shown = lab.page.locator("[data-figure=scores] .ytick text").all_text_contents()
    assert shown == tokens
    for selector in ("main img[src='x']", "[data-figure] img", "table img", "main .katex b"):
        assert lab.page.locator(selector).count() == 0, selector
    assert lab.page.locator("a[href^='javascript']").count() == 0
    lab.choose("Start from", "All rows equal")
    lab.sentence.fill("a $ $ *")  # few enough for the prediction to list them
    options = lab.page.get_by_role("radiogroup", name="Your prediction").locator("label p")
    expect(options).to_have_text(["a", "$ (2)", "$ (3)", "*"])
    expect(lab.page.get_by_text("Which token will * attend to most")).to_be_visible()
    options.nth(3).click()
    answer = lab.page.get_by_test_id("stAlert").filter(has_text="Right.")
    expect(answer).to_contain_text("With the first value doubled, * gives")
    expect(answer).to_contain_text("of its attention to * (before")
    assert not dialogs
    lab.expect_nothing_wrong()
