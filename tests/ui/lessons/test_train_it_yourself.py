"""The page "Train it yourself": what it shows of a training, and what its buttons do."""

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core.recurrent.accuracy import SEEN, Accuracy, in_bucket
from attention_core.recurrent.checkpoints import SEEDS, packed, records
from attention_core.recurrent.language import right_translation, spelled
from attention_core.recurrent.network import fresh
from attention_core.recurrent.task import TRAIN, batch_of, draws
from attention_core.recurrent.training import Trainer
from attention_core.recurrent.translation import Model, translate
from tests.screen import PROJECT, broken, cards, components, markdown_texts, opened
from tests.ui.server.test_trainings import until
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.train_it_yourself import controls
from ui.lessons.train_it_yourself import figures as train_live
from ui.lessons.train_it_yourself.questions import first_loss
from ui.lessons.train_it_yourself.words import status, written
from ui.server import trainings
from ui.server.trainings import DONE, FAILED, QUEUED, STOPPED, Choice, Report, Trainings, View

PAGE = PROJECT / "pages" / "train_it_yourself.py"
QUIET = (sys.executable, "-c", "import sys; sys.stdin.read()")  # a process that says nothing
WORDS = ("thirty", "four", "seven", "sixty", "one")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainings]:
    """The server's trainings, one at once, in processes that only wait."""
    one = Trainings(at_once=1, command=QUIET)
    monkeypatch.setattr(controls, "registry", lambda: one)
    yield one
    one.close()
    until(lambda: not one.processes(), "a process was left")


def report_after(choice: Choice, steps: int) -> Report:
    """What a training says after some steps; its accuracy is made up."""
    trainer = Trainer(choice.kind, choice.n_units, choice.seed)
    losses = tuple(trainer.step() for _ in range(steps))
    weights, _ = packed(trainer.network)
    accuracy = (Accuracy(1, 1, 1, 2, 2), Accuracy(2, 20, 10, 60, 45), Accuracy(8, 20, 4, 90, 60))
    return Report(steps, 1.5, losses, ((2, 0.75),), accuracy, weights)


def shown(at: AppTest) -> dict[str, Any]:
    return cards(at, train_live.FIGURES)


def buttons(at: AppTest) -> list[tuple[str, bool]]:
    return [(button.label, button.disabled) for button in at.button]


def status_of(at: AppTest) -> str:
    (bar,) = (element for element in at.main if element.type == "progress")
    return str(bar.proto.text)


def test_before_the_start_the_untrained_model_is_shown(server: Trainings) -> None:
    at = opened(PAGE)
    assert broken(at) == []
    assert list(shown(at)) == ["loss", "accuracy", "alignment"]
    z = shown(at)["alignment"]["spec"]["data"][0]["z"]
    model = Model("bahdanau", dict(Trainer("bahdanau", 16, 1).network.state_dict()))
    expected = translate(model, WORDS, longest=len(right_translation(WORDS)) + 2).weights
    assert expected is not None
    torch.testing.assert_close(torch.tensor(z), expected)
    assert buttons(at) == [("Start training", False), ("Stop", True), ("Reset", True)]
    assert status_of(at).startswith("Not started. One training is up to 3,000 steps or 120 seconds")
    assert server.processes() == []


def test_the_buttons_lead_from_state_to_state(server: Trainings) -> None:
    at = opened(PAGE)
    at.button(key="train_start").click().run()
    assert buttons(at) == [("Pause", False), ("Stop", False), ("Reset", False)]
    assert "bahdanau, 16 units, seed 1 · its process is starting" in status_of(at)
    assert [at.selectbox(key="_train_kind").disabled, at.number_input(key="_train_seed").disabled]
    assert len(server.processes()) == 1
    at.button(key="train_start").click().run()
    assert buttons(at)[0] == ("Go on", False)
    at.button(key="train_start").click().run()
    assert buttons(at)[0] == ("Pause", False)
    at.button(key="train_stop").click().run()
    assert buttons(at) == [("Start again", False), ("Stop", True), ("Reset", False)]
    assert "Stopped by you" in status_of(at)
    at.button(key="train_reset").click().run()
    assert buttons(at)[0] == ("Start training", False)
    assert status_of(at).startswith("Not started.")
    assert broken(at) == []


def test_two_sessions_have_a_training_each_and_the_second_waits(server: Trainings) -> None:
    first, second = opened(PAGE), opened(PAGE)
    first.button(key="train_start").click().run()
    second.button(key="train_start").click().run()
    assert "you are next" in status_of(second)
    assert buttons(second) == [("Start training", True), ("Leave the queue", False), *RESET]
    third = opened(PAGE)
    third.button(key="train_start").click().run()
    assert "1 before you" in status_of(third)
    first.button(key="train_reset").click().run()
    until(lambda: "starting" in status_of(second.run()), "the second one never begins")
    assert "you are next" in status_of(third.run())


RESET = [("Reset", False)]


@pytest.mark.parametrize("name", ["", "x" * 32, "A" * 31, None, 7, ["0" * 32]])
def test_a_tab_s_name_is_checked(server: Trainings, name: object) -> None:
    at = opened(PAGE)
    at.button(key="train_start").click().run()
    at.session_state["tab"] = {"known": name}
    at.run()
    assert buttons(at)[0] == ("Pause", False)
    assert broken(at) == []


def test_a_tab_finds_its_training_again_and_another_s_is_hidden(server: Trainings) -> None:
    at = opened(PAGE)
    at.button(key="train_start").click().run()
    name = at.session_state["training_owner"]
    again = opened(PAGE)
    assert buttons(again)[0] == ("Start training", False)
    again.session_state["tab"] = {"known": name}
    again.run()
    assert buttons(again)[0] == ("Pause", False)
    assert len(server.processes()) == 1


def test_a_full_queue_is_said(server: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainings, "MAX_WAITING", 0)
    at = opened(PAGE)
    at.button(key="train_start").click().run()
    assert "0 trainings wait already" in at.warning[0].value
    assert broken(at) == []
    assert not at.run().warning


def test_a_failed_training_is_said_and_the_page_goes_on(
    server: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = Choice("gru", 5, 2)
    said = "The loss became nan at step 3, so training stopped there."
    view = View(choice, FAILED, report_after(choice, 2), said=said)
    monkeypatch.setattr(server, "look", lambda owner: view)
    at = opened(PAGE)
    assert "The loss became nan at step 3" in status_of(at).replace("\\", "")
    assert "*Start again* trains what you chose above" in status_of(at)
    assert broken(at) == []
    assert list(shown(at)) == ["loss", "accuracy"]
    assert "there is none. The decoder of the gru gets" in "".join(markdown_texts(at))


def test_the_pictures_are_the_report_s_numbers() -> None:
    choice = Choice("bahdanau", 5, 2)
    report = report_after(choice, 3)
    translation = train_live.translation_of(choice, report, WORDS)
    loss, accuracy, alignment = train_live.group(report, translation, Lab(), 100).cards
    trained, unseen, level = loss.spec["data"]
    assert (trained["x"], trained["y"]) == ([10, 20, 30], list(report.losses))
    assert (unseen["x"], unseen["y"]) == ([2], [0.75])
    assert level["y"] == [math.log(33)] * 2
    exact, by_token, _ = accuracy.spec["data"]
    assert (exact["x"], exact["y"]) == ([1, 2, 8], [1.0, 0.5, 0.2])
    assert by_token["y"] == pytest.approx([1.0, 0.75, 2 / 3])
    assert "sentences of 2 words are right" in accuracy.alt
    z = torch.tensor(alignment.spec["data"][0]["z"])
    torch.testing.assert_close(z.sum(dim=1), torch.ones(len(z)))
    untrained = train_live.translation_of(choice, None, WORDS).weights
    assert untrained is not None
    assert not torch.allclose(z[0], untrained[0]), "the weights are those that were reported"


def test_no_picture_changes_its_size_while_the_model_learns() -> None:
    choice = Choice("bahdanau", 5, 2)
    sizes = set()
    for report in (None, report_after(choice, 1), report_after(choice, 5)):
        translation = train_live.translation_of(choice, report, WORDS)
        group = train_live.group(report, translation, Lab(), 100)
        sizes.add(tuple(card.height for card in group.cards))
        for card in group.cards[:2]:
            assert card.spec["layout"]["showlegend"]
            assert all(len(line["x"]) > 0 for line in card.spec["data"])
    assert len(sizes) == 1


def test_queries_as_columns_turn_the_alignment() -> None:
    choice = Choice("bahdanau", 5, 2)
    translation = train_live.translation_of(choice, None, WORDS)
    turned = train_live.group(None, translation, Lab(queries_as="columns"), 100).data["figures"][2]
    assert turned["spec"]["layout"]["yaxis"]["title"]["text"] == "word read (key)"
    assert len(turned["spec"]["data"][0]["z"]) == len(WORDS)


@pytest.mark.parametrize("text", ["", "cheese", "7 " * 11_000, "<b>x</b> $x$"])
def test_a_sentence_that_is_none_gets_a_message(server: Trainings, text: str) -> None:
    at = opened(PAGE)
    at.text_input(key="_numbers").set_value(text).run()
    assert broken(at) == []
    assert "Until then the page shows “thirty four seven" in at.warning[0].value
    kept = at.session_state["session"].lab
    assert kept.numbers == Lab().numbers, "the last good sentence stays"
    assert shown(at)["alignment"]["spec"]["layout"]["xaxis"]["ticktext"] == list(WORDS)
    at.text_input(key="_numbers").set_value("22").run()
    assert not at.warning
    ticks = shown(at)["alignment"]["spec"]["layout"]["xaxis"]["ticktext"]
    assert ticks == ["twenty", "two"]


def test_what_was_chosen_is_in_the_address(server: Trainings) -> None:
    at = opened(PROJECT / "ui" / "frame.py").switch_page(f"../pages/{PAGE.name}").run()
    at.selectbox(key="_train_kind").set_value("lstm").run()
    at.number_input(key="_train_units").set_value(9).run()
    at.number_input(key="_train_seed").set_value(77).run()
    lab = link.decode(components(at)["keeper"]["address"])
    assert (lab.value("train_kind"), lab.value("train_units"), lab.value("train_seed")) == (
        "lstm",
        9,
        77,
    )
    again = opened(PAGE, lab=link.encode(lab))
    assert again.number_input(key="_train_units").value == 9
    assert again.selectbox(key="_train_kind").value == "lstm"


def test_the_code_on_the_page_computes_what_the_page_shows() -> None:
    lab = Lab().choosing(train_kind="bahdanau", train_units=4, train_seed=3)
    names: dict[str, Any] = {}
    exec(train_live.code(lab, 2), names)
    report = report_after(Choice("bahdanau", 4, 3), 2)
    shown = train_live.translation_of(Choice("bahdanau", 4, 3), report, WORDS)
    n_rows = len(shown.written)
    assert shown.weights is not None
    torch.testing.assert_close(names["translation"].weights[:n_rows], shown.weights)


def test_of_one_word_it_meets_fewer_sentences_than_of_two_to_fourteen() -> None:
    """So the very shortest need not come first, as the page says."""
    lengths = Counter(
        len(spelled(sentence)) for sentence in islice(draws(random.Random(1), TRAIN), 20_000)
    )
    share = {n_words: count / 20_000 for n_words, count in lengths.items()}
    assert max(share) == SEEN
    assert share[1] < min(share[n_words] for n_words in range(2, 15))


@pytest.mark.parametrize("seed", SEEDS)
def test_attention_does_not_carry_a_model_far_beyond_what_it_learnt_from(seed: int) -> None:
    """As this page and *Bahdanau attention* say: most sentences much longer go wrong."""
    curve = records()["bahdanau", seed].accuracy
    assert in_bucket(curve, (13, SEEN)).exact > 0.9
    assert in_bucket(curve, (SEEN + 5, SEEN + 8)).exact < 0.5


def test_it_learns_from_the_right_words_before_each_word() -> None:
    """Teacher forcing: what the model would have written itself changes nothing."""
    sources, targets = batch_of([(34, 7), (1, 22)])
    network = fresh("gru", 5, seed=1)
    logits = network(sources, targets)
    other = targets.clone()
    other[:, 2] = (other[:, 2] + 1) % 30 + 1
    changed = network(sources, other)
    assert torch.equal(changed[:, :3], logits[:, :3]), "no word sees itself or one after it"
    assert not torch.equal(changed[:, 3:], logits[:, 3:]), "later ones see what was given"


def test_what_is_written_is_marked_word_by_word() -> None:
    model = Model("gru", dict(fresh("gru", 4, 1).state_dict()))
    translation = translate(model, ["seven"], longest=2)
    text = written(translation, Choice("gru", 4, 1))
    assert text.count(":red[✗") == sum(
        word != right for word, right in zip(translation.words, ("sieben", ""), strict=False)
    )
    assert "- **Right**: sieben" in text


def test_the_question_has_one_answer_from_the_core(server: Trainings) -> None:
    _, options, truth = first_loss(Lab())
    assert options[truth.right] == f"ln 33 = {math.log(33):.2f}"


@pytest.mark.parametrize(
    ("state", "before", "expected"),
    [(QUEUED, 2, "2 before you"), (DONE, 0, "Done"), (STOPPED, 0, "Stopped")],
)
def test_the_line_of_state(state: str, before: int, expected: str, server: Trainings) -> None:
    view = View(Choice("bahdanau", 16, 1), state, None, before)
    assert expected in status(view, Lab(), server)
