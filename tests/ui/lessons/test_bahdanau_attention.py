"""Bahdanau attention: the page shows the translation that it says, and follows every edit."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core.figures.sentences import lines_spec, share_of
from attention_core.recurrent import translation as translations
from attention_core.recurrent.checkpoints import CheckpointError
from attention_core.recurrent.language import right_alignment, right_translation, source_words
from attention_core.recurrent.translation import (
    Cells,
    ModelEdits,
    Translation,
    load_model,
    translate,
)
from tests.attention_core.calculator import adds_up, mistakes
from tests.screen import (
    PROJECT,
    broken,
    cards,
    components,
    dots,
    edit,
    markdown_texts,
    opened,
    order,
    said,
    send,
)
from ui.cards import overriding
from ui.cards.literal import literal
from ui.lab import link
from ui.lab.lab import NUMBERS, Lab
from ui.lessons.bahdanau_attention import controls as bahdanau_controls
from ui.lessons.bahdanau_attention import figures as bahdanau
from ui.lessons.bahdanau_attention.questions import forced_look
from ui.lessons.bahdanau_attention.runs import (
    ALL,
    NOW,
    SO_FAR,
    STORED_AS,
    _run,
    looking_at,
    run_of,
    terms_cell,
    without_own_weights,
)
from ui.lessons.bahdanau_attention.states import ENCODER
from ui.lessons.bahdanau_attention.taken import code_of
from ui.lessons.bahdanau_attention.words import is_even, reaction, symptom
from ui.server import live

PAGE = PROJECT / "pages" / "bahdanau_attention.py"
TABLE = ENCODER.widget_key
WORDS = source_words(NUMBERS)  # five of them
OTHER = "21 9"  # three words


def page(**chosen: Any) -> AppTest:
    return opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))


def lab_of(at: AppTest) -> Lab:
    lab: Lab = at.session_state["session"].lab
    return lab


def plain(**more: Any) -> Translation:
    """What the core makes of the sentence, without the page."""
    return translate(load_model("bahdanau"), WORDS, **more)


def looks(of: Translation) -> torch.Tensor:
    """Where a decoder looked."""
    assert of.weights is not None
    return of.weights


def matrix(at: AppTest, step: int) -> None:
    """Fail unless the alignment shows the rows so far, and nothing of those to come."""
    rows = cards(at, SO_FAR)["weights"]["spec"]["data"][0]["z"]
    run = run_of(lab_of(at))
    weights = looks(run.translation)
    torch.testing.assert_close(torch.tensor(rows[: step + 1]), weights[: step + 1])
    assert rows[step + 1 :] == [[None] * run.n_in] * (run.n_out - step - 1)


def row(at: AppTest, name: str) -> torch.Tensor:
    z = cards(at, NOW)[name]["spec"]["data"][0]["z"]
    return torch.tensor(z)


# ---- What is shown -----------------------------------------------------------------------------


def test_it_opens_with_a_right_translation_and_every_number_agrees() -> None:
    at = page()
    assert broken(at) == []
    assert f"It writes **{' '.join(plain().words)}**, which is right." in markdown_texts(at)
    for place in (NOW, SO_FAR, ALL):
        for card in cards(at, place).values():
            assert card["check"] is None or card["check"]["ok"], card["id"]
    shown = cards(at, NOW)
    assert list(shown) == [*bahdanau.OF_A_STEP, "words"]
    assert "The decoder looked with these weights" in shown["weights"]["check"]["text"]
    assert "The decoder saw these vectors" in shown["context"]["check"]["text"]
    torch.testing.assert_close(row(at, "weights")[0], looks(plain())[0])


def test_the_decoder_is_played_and_the_matrix_builds_up() -> None:
    at = page()
    matrix(at, 0)
    at.session_state["stepper:decoder"] = {"step": {"step": 2, "serial": 1}}
    at.run()
    assert broken(at) == []
    assert lab_of(at).value("decoder_step") == 2
    matrix(at, 2)
    torch.testing.assert_close(row(at, "weights")[0], looks(plain())[2])
    likeliest = plain().likeliest(2)
    bars = cards(at, NOW)["words"]["spec"]["data"][0]
    assert bars["x"] == pytest.approx([share for _, share in likeliest])
    assert bars["customdata"] == [word for word, _ in likeliest]
    written = cards(at, SO_FAR)["lines"]["spec"]["layout"]["yaxis2"]["ticktext"]
    assert written[3:] == ["…"] * (len(plain().written) - 3)
    assert plain().words[2] in written[2]
    at.session_state["stepper:decoder"] = {"step": {"step": 300, "serial": 2}}  # no stepper sends
    at.run()
    assert lab_of(at).value("decoder_step") == 2


def test_a_step_beyond_the_last_word_is_the_last() -> None:
    at = page(decoder_step=99)
    assert broken(at) == []
    matrix(at, len(plain().written) - 1)


def test_every_term_of_an_energy() -> None:
    lab = Lab(trail=((NOW, "scores", 3, 1),))
    run = run_of(lab)
    assert terms_cell(lab, run) == (3, 1)
    at = page(trail=lab.trail)
    htmls = [str(found.value) for found in at.get("html")]  # type: ignore[union-attr]
    (html,) = [html for html in htmls if "Every term" in html]
    assert html.count("<tr>") == run.model.n_units + 2, "a row for each unit, a head and the sum"
    energy = float(run.trace["scores"][3, 1])
    assert f"<td>{energy:.4f}</td>" in html
    largest = int(run.trace["scores"][0].argmax())
    assert terms_cell(Lab(), run) == (0, largest)
    assert terms_cell(Lab(trail=((NOW, "scores", 90, 1),)), run) == (0, largest)


def test_the_lines_are_as_strong_as_the_weights() -> None:
    weights = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.795, 0.005]])
    spec = lines_spec(weights, ["a", "b"], ["x", "y", "z"], 1)
    now = [line for line in spec["data"] if line["mode"] == "lines"][-3:]
    assert [line["line"]["width"] for line in now] == pytest.approx([2.4, 9.54, 0.06])
    assert [line["opacity"] > 0 for line in now] == [True, True, False]
    assert now[1]["text"][0] == "y → b: weight 0.7950"
    assert (now[1]["y"][0], now[1]["y"][-1]) == (1.0, 2.0)
    before = [text for line in spec["data"] for text in line.get("text", ()) if "→ a" in text]
    assert set(before) == {"x → a: weight 0.9000", "y → a: weight 0.1000"}
    assert [share_of(share) for share in (0.25, 1e-9, 0.0)] == ["0.2500", "<0.0001", "0.0000"]


def test_the_code_gives_the_same_weights_to_the_last_bit() -> None:
    lab = looking_at(Lab().choosing(sees_encoder=False), 1, 5, 2)
    for one in (Lab(), lab):
        found: dict[str, Any] = {}
        exec(code_of(one), found)
        trace = run_of(one).trace
        assert all(torch.equal(found[name], trace[name]) for name in trace.steps)


# ---- Numbers of one's own ----------------------------------------------------------------------


def test_a_weight_of_ones_own_changes_what_follows() -> None:
    step, column = 1, 4
    at = page(decoder_step=step, trail=((NOW, "weights", step, column),))
    field = f"_own:bahdanau:{NOW}:weights:{step}, {column}"
    at.text_input(key=field).set_value("3").run()
    assert broken(at) == []
    expected = plain(edits=ModelEdits(weights={(step, column): 3.0}))
    run = run_of(lab_of(at))
    assert run.translation.written == expected.written
    assert torch.equal(run.translation.logits, expected.logits)
    assert not torch.equal(expected.logits[step], plain().logits[step])
    assert torch.equal(expected.logits[:step], plain().logits[:step]), "what came before stays"
    assert float(row(at, "weights")[0, column]) == 3.0
    assert cards(at, NOW)["weights"]["note"].startswith("Yours: 1 of these weights")
    assert cards(at, NOW)["scores"]["note"].startswith("Detached")
    at.text_input(key=field).set_value("").run()
    assert lab_of(at).overrides == Lab().overrides
    at.text_input(key=field).set_value("3").run()
    at.button(key=f"_let_go:bahdanau:{NOW}").click().run()
    assert lab_of(at).overrides == Lab().overrides
    send(at, order(1, "undo"), widget_key=TABLE)
    assert run_of(lab_of(at)).translation.written == expected.written


def test_a_dot_stands_on_the_step_whose_weight_is_ones_own_and_on_no_other() -> None:
    lab, trace = Lab(), run_of(Lab()).trace
    for cell in ((1, 4), (3, 0)):
        lab = overriding.with_override(lab, trace, STORED_AS, "weights", cell, 0.5)
    for step, now, so_far in (
        (0, [], []),
        (1, [(0, 4)], [(1, 4)]),
        (2, [], [(1, 4)]),
        (3, [(0, 0)], [(1, 4), (3, 0)]),
    ):
        shown = lab.choosing(decoder_step=step)
        weights = next(card for card in bahdanau.step_figures(shown).cards if card.id == "weights")
        assert dots(weights.spec) == now
        assert ("Yours: 1 of these weights" in weights.note) == bool(now)
        alignment = next(card for card in bahdanau.so_far(shown).cards if card.id == "weights")
        assert dots(alignment.spec) == so_far


def test_only_weights_take_numbers() -> None:
    at = page(trail=((NOW, "scores", 0, 0),))
    assert not [field for field in at.text_input if str(field.key).startswith("_own:")]
    rows = [["bahdanau/scores", 1, 5, 0, 9.0], ["bahdanau/weights", 99, 5, 0, 1.0]]
    rows += [["bahdanau/encoder_states/5", 9, 32, 0, 1.0], ["bahdanau/weights", 1, 4, 0, 1.0]]
    text = '{"attention_lab": 1, "overrides": ' + str(rows).replace("'", '"') + "}"
    lab = link.from_file(text.encode())
    assert torch.equal(run_of(lab).translation.logits, plain().logits)


def test_looking_at_one_word_only() -> None:
    at = page(decoder_step=0)
    at.button_group(key="_look_only").set_value(3).run()
    assert broken(at) == []
    assert row(at, "weights").tolist() == [[0.0, 0.0, 0.0, 1.0, 0.0]]
    own: Cells = {(0, word): float(word == 3) for word in range(5)}
    expected = plain(edits=ModelEdits(weights=own))
    assert run_of(lab_of(at)).translation.written == expected.written
    assert link.decode(link.encode(lab_of(at))) == lab_of(at), "a reload keeps it"
    at.button(key="_look_free").click().run()
    assert lab_of(at).overrides == Lab().overrides


def test_an_edited_encoder_state_moves_every_row_and_is_let_go_of() -> None:
    at = send(page(), edit(1, ("2/5", 7, 25.0)), widget_key=TABLE)
    assert broken(at) == []
    expected = plain(edits=ModelEdits(encoder_states={(1, 7): 25.0}))
    run = run_of(lab_of(at))
    assert torch.equal(run.translation.logits, expected.logits)
    assert not torch.allclose(looks(run.translation)[0], looks(plain())[0])
    assert components(at)[TABLE]["edited"] == [[1, 7]]
    assert components(at)[TABLE]["cells"][1][7] == 25.0
    start = float(plain().encoder_states[1, 7])
    typed_back = ENCODER.set_entries(lab_of(at), [("2/5", 7, start)])
    assert typed_back.overrides == Lab().overrides
    send(at, order(2, "reset"), widget_key=TABLE)
    assert lab_of(at).overrides == Lab().overrides


@pytest.mark.parametrize("entry", [("6/5", 0), ("0/5", 0), ("1/4", 0), ("²/5", 0), ("1/5", 32)])
def test_what_is_no_cell_of_the_encoder_is_refused(entry: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match=r"a row of the table|a column of the encoder"):
        ENCODER.set_entries(Lab(), [(*entry, 1.0)])


@pytest.mark.parametrize("numbers", [NUMBERS, OTHER, "53 12 88 47"])
def test_a_state_that_is_copied_is_looked_at_as_the_other_one(numbers: str) -> None:
    """As the page says: not told apart, and yet seldom written twice."""
    model, words = load_model("bahdanau"), source_words(numbers)
    plain_words = translate(model, words)
    states, right = plain_words.encoder["hidden"], right_translation(words)
    german = {
        column: right[row]
        for row, columns in enumerate(right_alignment(words))
        for column in columns
        if len(columns) == 1
    }
    n_copies = n_again = 0
    for of, over in itertools.permutations(range(len(words)), 2):
        if words[of] == words[over]:
            continue
        copied: Cells = {(over, unit): number for unit, number in enumerate(states[of].tolist())}
        found = translate(model, words, edits=ModelEdits(encoder_states=copied))
        weights = looks(found)
        torch.testing.assert_close(weights[:, of], weights[:, over], atol=1e-5, rtol=1e-4)
        n_copies += 1
        n_again += found.words.count(german[of]) > plain_words.words.count(german[of])
    assert 0 <= n_again < n_copies / 2, "in most copies it does not"


def test_own_numbers_wait_while_the_sentence_has_another_length() -> None:
    lab = ENCODER.set_entries(looking_at(Lab(), 0, 5, 3), [("1/5", 0, 9.0)])
    other = replace(lab, numbers=OTHER)
    free = translate(load_model("bahdanau"), source_words(OTHER))
    assert torch.equal(run_of(other).translation.logits, free.logits)
    assert looking_at(other, 0, 3, 1).overrides != lab.overrides
    assert run_of(replace(other, numbers=NUMBERS)).trace.overridden


def test_the_figures_answer_ahead_of_the_run() -> None:
    question = {
        "lab": link.encode(Lab().choosing(decoder_step=1)),
        "table": "encoder_states",
        "ops": [edit(1, ("3/5", 4, 5.0))],
        "groups": [NOW, SO_FAR],
    }
    told = live.answer({**question, "ops": question["ops"]})
    expected = plain(edits=ModelEdits(encoder_states={(2, 4): 5.0}))
    shown = {card["id"]: card for card in told["groups"][NOW]["figures"]}
    z = shown["weights"]["spec"]["data"][0]["z"]
    torch.testing.assert_close(torch.tensor(z)[0], looks(expected)[1])


# ---- The bug -----------------------------------------------------------------------------------


def test_the_bug_and_its_symptom() -> None:
    at = page()
    at.toggle(key="_sees_encoder").set_value(False).run()
    assert broken(at) == []
    run = run_of(lab_of(at))
    assert torch.equal(run.translation.logits, plain(sees_encoder=False).logits)
    torch.testing.assert_close(run.trace["weights"], torch.full_like(run.trace["weights"], 0.2))
    assert not run.trace["w_key"].any()
    (told,) = said(at)
    assert "each of the 5 words gets 1/5 = 0.2000" in told
    assert "No weight moves at all" in told
    assert reaction(run) == 0
    assert reaction(run_of(Lab())) > 0.01
    edited = ENCODER.set_entries(lab_of(at), [("1/5", 0, 50.0)])
    torch.testing.assert_close(run_of(edited).trace["weights"][0], run.trace["weights"][0])
    assert "0 of" in cards(at, SO_FAR)["weights"]["alt"]


def test_the_symptom_is_measured_without_own_weights_and_says_so() -> None:
    free = Lab().choosing(sees_encoder=False)
    own = ENCODER.set_entries(looking_at(free, 0, 5, 3), [("2/5", 0, 4.0)])
    told = symptom(own)
    assert "measured on the translation as it would be without them" in told
    assert "without them" not in symptom(free)
    cleared = without_own_weights(own)
    assert told.startswith(symptom(cleared))
    run = run_of(cleared)
    torch.testing.assert_close(run.trace["weights"], torch.full_like(run.trace["weights"], 0.2))
    assert float(run.translation.encoder_states[1, 0]) == 4.0, "only weights are let go"
    other = replace(own, numbers=OTHER)  # the own weights wait, and are not on screen
    assert "without them" not in symptom(other)
    at = page(sees_encoder=False, overrides=own.overrides)
    assert broken(at) == []
    assert told in said(at)


def test_with_one_word_the_bug_cannot_be_seen() -> None:
    for lab in (
        Lab().choosing(numbers="7", sees_encoder=False),
        looking_at(Lab(numbers="7"), 0, 1, 0),
    ):
        told = symptom(lab)
        assert "two words are needed" in told
        assert "moves" not in told


def test_the_weight_of_a_lone_word_is_not_called_even() -> None:
    at = page(numbers="7")
    assert broken(at) == []
    weights = cards(at, NOW)["weights"]
    assert weights["alt"] == "largest with seven, 1.0000."
    told = components(at)["stepper:decoder"]["texts"]
    assert told[0].startswith("looks most at “seven” (weight 1.0000) and writes ")
    assert not any("alike" in text for text in told)


def test_even_weights_of_several_words_are_called_even() -> None:
    assert not is_even(torch.tensor([0.5, 0.5 + 1e-3]))
    assert is_even(torch.tensor([0.5, 0.5]))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 1), (3, 4)])
def test_the_terms_of_an_energy_come_out_as_printed(
    row: int, column: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(bahdanau_controls, "number_table", lambda *seen: told.append(seen))
    lab = Lab(trail=((NOW, "scores", row, column),))
    run = run_of(lab)
    bahdanau_controls.terms(lab, run)
    ((_, _, (*rows, (name, *_, total))),) = told
    assert name == "sum = energy"
    assert float(total) == pytest.approx(float(run.trace["scores"][row, column]), abs=1e-4)
    for _, asks, asked, bent, weight, product in rows:
        assert mistakes(f"tanh({asks} + ({asked})) = {bent}") == []
        assert mistakes(product) == []
        assert weight in product
    assert adds_up([product.rpartition(" = ")[2] for *_, product in rows], total)


# ---- Bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("fourty two", "Did you mean “forty”?"),
        ("", "There is no word to translate."),
        ("7 " * 500, "500 words are more than"),
        ("<b>*x*</b> $y$", "no number words"),
    ],
)
def test_what_is_no_sentence_gets_a_message_and_the_figures_stay(typed: str, message: str) -> None:
    at = page()
    at.text_input(key="_numbers").set_value(OTHER).run()
    before = cards(at, SO_FAR)
    at.text_input(key="_numbers").set_value(typed).run()
    assert broken(at) == []
    (told,) = said(at)
    assert literal(message) in told
    assert "twenty one nine" in told, "what the page shows instead"
    assert at.text_input(key="_numbers").value == typed, "what was typed is not lost"
    assert cards(at, SO_FAR) == before
    at.text_input(key="_numbers").set_value("seven").run()
    assert said(at) == []
    assert lab_of(at).numbers == "seven"


def test_a_link_with_other_words_shows_the_first_sentence() -> None:
    at = page(numbers="hello")
    assert broken(at) == []
    assert "Until then the page shows “thirty four" in said(at)[0]
    matrix(at, 0)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def missing(kind: str, seed: int = 0) -> None:
        raise CheckpointError("The trained model bahdanau-0.safetensors is missing.")

    _run.cache_clear()
    monkeypatch.setattr(translations, "weights_of", missing)
    yield
    _run.cache_clear()


@pytest.mark.usefixtures("no_model")
def test_without_its_model_the_page_goes_on() -> None:
    at = page()
    assert [str(error.value) for error in at.error] == [
        "There is no translation to show. The trained model bahdanau-0.safetensors is missing."
    ]
    assert not at.exception
    assert any("left to right only" in text for text in markdown_texts(at))
    assert any(r"\tanh" in text for text in markdown_texts(at)), "the formula"
    with pytest.raises(ValueError, match="is missing"):
        ENCODER.set_entries(Lab(), [("1/5", 0, 1.0)])


@pytest.mark.parametrize("numbers", ["seven", "34", "0 0 0", "99 " * 24])
def test_any_sentence(numbers: str) -> None:
    at = page(numbers=numbers, decoder_step=2, trail=((SO_FAR, "weights", 0, 0),))
    assert broken(at) == []
    at = page(numbers=numbers, sees_encoder=False, queries_as="columns")
    assert broken(at) == []


# ---- The prediction ----------------------------------------------------------------------------


def test_the_prediction_is_what_the_forced_decoder_writes() -> None:
    _, options, truth = forced_look(Lab())
    at = int(looks(plain())[0].argmin())
    own: Cells = {(0, word): float(word == at) for word in range(5)}
    assert options[truth.right] == plain(edits=ModelEdits(weights=own)).written[0]
    assert len(set(options)) == len(options)
