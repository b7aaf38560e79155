"""Bahdanau attention in a browser: play the decoder, force it to look elsewhere, edit a state."""

import pytest
import torch
from playwright.sync_api import Page, expect

from attention_core.recurrent.language import source_words
from attention_core.recurrent.translation import ModelEdits, Translation, load_model, translate
from tests.browser.lab_page import LabPage, are_close, until
from tests.browser.server import Server
from tests.browser.steps import open_page, page_links
from ui.lab.lab import NUMBERS

WORDS = source_words(NUMBERS)
SO_FAR = '[data-figure="lines"]'


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    open_page(page, server.url)
    link = next(link for link in page_links(page) if link.title == "Bahdanau attention")
    open_page(page, link.url)
    return LabPage(page)


def translated(edits: ModelEdits | None = None) -> Translation:
    """What the core writes."""
    return translate(load_model("bahdanau"), WORDS, edits=edits or ModelEdits())


def row(lab: LabPage, picture: str) -> list[list[float]] | None:
    """The numbers of a picture of the current step: it is the first of that name on the page."""
    found: list[list[float]] | None = lab.page.locator(
        f"[data-figure={picture}] .plot"
    ).first.evaluate("plot => plot.data && [...plot.data[0].z].map((row) => [...row])")
    return found


def shows(lab: LabPage, expected: Translation, step: int) -> None:
    """Wait until the page stands at a step of a translation, and its pictures show that."""
    count = len(expected.written)
    expect(lab.page.get_by_text(f"step {step + 1} of {count}", exact=True)).to_be_visible()
    assert expected.weights is not None
    weights = expected.weights[step : step + 1]
    until(lambda: are_close(row(lab, "weights"), weights), lambda: f"{row(lab, 'weights')}")
    bold = lab.page.locator(f"{SO_FAR} .y2tick text").nth(step)
    expect(bold).to_contain_text(expected.words[step] if step < len(expected.words) else "(end)")
    later = lab.page.locator(f"{SO_FAR} .y2tick text", has_text="…")
    expect(later).to_have_count(count - step - 1)


def test_the_decoder_plays_word_by_word(lab: LabPage) -> None:
    shows(lab, translated(), 0)
    lab.button("Next step").click()
    shows(lab, translated(), 1)
    lab.button("Play").click()
    expect(lab.page.get_by_text(f"step {len(translated().written)} of")).to_be_visible()
    shows(lab, translated(), len(translated().written) - 1)
    lab.expect_nothing_wrong()


def test_a_decoder_forced_to_look_elsewhere_writes_other_words_also_after_a_reload(
    lab: LabPage,
) -> None:
    forced = translated(ModelEdits(weights={(0, word): float(word == 3) for word in range(5)}))
    assert forced.words != translated().words
    lab.page.get_by_role("radio", name="sixty", exact=True).click()
    shows(lab, forced, 0)
    dots = lab.page.locator("[data-figure=weights] .cells").first.locator("circle")
    expect(dots).to_have_count(5)  # the marks of own numbers lie above the cells
    lab.wait_idle()
    lab.page.reload()
    shows(lab, forced, 0)
    lab.button("Let go of this word's weights").click()
    shows(lab, translated(), 0)


def test_an_edited_encoder_state_moves_the_weights(lab: LabPage) -> None:
    lab.cell("four", "d2").click()
    lab.type("40", "Enter")
    edited = translated(ModelEdits(encoder_states={(1, 1): 40.0}))
    before, after = translated().weights, edited.weights
    assert before is not None
    assert after is not None
    assert not torch.allclose(before[0], after[0], atol=1e-2)
    shows(lab, edited, 0)
    lab.button("Undo").first.click()
    shows(lab, translated(), 0)
    lab.expect_nothing_wrong()
