"""The page "Why attention": its sentence, its models, its one vector, and what is wrong with it."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core.figures.lengths import (
    LOOKS,
    Memory,
    accuracy_finding,
    accuracy_spec,
    encoder_of,
    memory_spec,
    training_spec,
)
from attention_core.recurrent import CheckpointError, load_model, probing, translate
from attention_core.recurrent.accuracy import BUCKETS, Accuracy, in_bucket, interval
from attention_core.recurrent.checkpoints import FOLDER, MANIFEST, SEEDS, Record, records
from attention_core.recurrent.language import (
    right_translation,
    source_vocabulary,
    source_words,
    target_vocabulary,
    values,
)
from attention_core.recurrent.task import TEST
from attention_core.recurrent.training import FIRST_RATE, Point
from attention_core.recurrent.translation import ModelEdits, word_sensitivity
from tests.screen import PAGES, broken, cards, codes, components, edit, opened, order, said, send
from ui.cards.number_words import READERS
from ui.lab import link
from ui.lab.lab import NUMBERS, Lab
from ui.lessons.why_attention import figures as why_attention
from ui.lessons.why_attention import models, words
from ui.lessons.why_attention import taken as why_attention_taken
from ui.lessons.why_attention.bottleneck import EDITORS, own_numbers, trace_of
from ui.lessons.why_attention.models import LINES, model_of, read, word_sensitivities
from ui.lessons.why_attention.words import (
    EXAMPLES,
    finding_said,
    rates_told,
    recall_said,
    search_rows,
    text_of_length,
)

PAGE = next(page for page in PAGES if page.stem == "why_attention")
TABLE = "table:bottleneck_hidden"


def shown(**chosen: Any) -> AppTest:
    return opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))


def written(at: AppTest) -> list[str]:
    """The words of the translation on the page, in order."""
    (html,) = [
        element.proto.body for element in at.get("html") if "translated" in element.proto.body
    ]
    return re.findall(r"<span>[✓✗] ([^<…]+)</span>", html)


def texts(at: AppTest) -> str:
    return "\n".join(str(text.value) for text in (*at.markdown, *at.caption))


# ---- The sentence ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", READERS)
def test_the_page_shows_what_the_model_writes(kind: str) -> None:
    at = shown(reader=kind, numbers="53, 12, 88, 47, 31")
    assert broken(at) == []
    words = source_words("53, 12, 88, 47, 31")
    assert written(at) == list(translate(load_model(kind), words).words)
    assert f"**Right:** {' '.join(right_translation(words))}" in texts(at)
    reading = cards(at, "figures:why_reading")
    assert list(reading) == (["hidden", "cell"] if kind == "lstm" else ["hidden"])
    verdicts = [
        card["check"]
        for key in ("reading", "gates", "vector", "memory")
        for card in cards(at, f"figures:why_{key}").values()
    ]
    assert all(verdict["ok"] for verdict in verdicts)
    assert "torch.nn." in reading["hidden"]["check"]["text"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("fourty two", "Did you mean “forty”"),
        ("", "There is no word to translate"),
        ("7 " * 500, "500 words are more than the 48"),
        ("<b>$x$</b>", "is not a number word"),
    ],
)
def test_what_is_no_sentence_is_said_and_nothing_else_changes(typed: str, message: str) -> None:
    at = shown(numbers="34 7")
    before = {key: data for key, data in components(at).items() if key.startswith("figures:")}
    at.text_input(key="_numbers").set_value(typed).run()
    assert broken(at) == []
    assert [message in text.replace("\\", "") for text in said(at)] == [True]
    assert at.text_input(key="_numbers").value == typed
    after = {key: data for key, data in components(at).items() if key.startswith("figures:")}
    assert after == before
    assert at.slider(key="_n_numbers").value == 2
    at.text_input(key="_numbers").set_value("seven").run()
    assert said(at) == []
    assert cards(at, "figures:why_reading")["hidden"]["shape"] == "1 × 32"


def test_the_slider_shortens_and_goes_on_and_undo_brings_the_typed_text_back() -> None:
    at = shown(numbers="20, 12")
    at.slider(key="_n_numbers").set_value(9).run()
    assert broken(at) == []
    typed = str(at.text_input(key="_numbers").value)
    assert typed.startswith("twenty, twelve, sixty-one")
    assert len(values(source_words(typed))) == 9
    at.slider(key="_n_numbers").set_value(1).run()
    assert at.text_input(key="_numbers").value == "twenty"
    send(at, order(1, "undo"), widget_key=TABLE)
    assert at.text_input(key="_numbers").value == "20, 12", "one drag is one step"


@pytest.mark.parametrize("start", ["34", "20", "90 90", "seven"])
@pytest.mark.parametrize("n_numbers", range(1, 17))
def test_a_sentence_of_any_length_has_that_many_numbers(start: str, n_numbers: int) -> None:
    lab = Lab(numbers=start)
    text = text_of_length(lab, n_numbers)
    assert len(values(source_words(text))) == n_numbers
    kept = values(source_words(start))[:n_numbers]
    assert values(source_words(text))[: len(kept)] == kept
    assert text == text_of_length(lab, n_numbers)


def test_an_example_is_a_click() -> None:
    at = shown()
    for name, text in EXAMPLES.items():
        at.button(key=f"_example:{name}").click().run()
        assert broken(at) == []
        assert at.text_input(key="_numbers").value == text


def test_the_longest_sentence_is_shown() -> None:
    at = shown(numbers="99 " * 24, reader="lstm")
    assert broken(at) == []
    assert cards(at, "figures:why_reading")["cell"]["shape"] == "48 × 32"
    assert cards(at, "figures:why_accuracy")["accuracy_exact"]["spec"]["data"][-1]["x"][0] == 48


# ---- The bottleneck ----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("gru", "hidden"), ("lstm", "cell"), ("rnn", "hidden")])
def test_an_edited_number_is_where_the_decoder_starts(kind: str, name: str) -> None:
    at = shown(reader=kind)
    row = LINES.index(name)
    changes = [(name, unit, 3.0) for unit in range(12)]
    send(at, edit(1, *changes), widget_key=f"table:bottleneck_{name}")
    assert broken(at) == []
    cells: dict[tuple[int, ...], float] = {(row, unit): 3.0 for unit in range(12)}
    words = source_words(NUMBERS)
    own = translate(load_model(kind), words, edits=ModelEdits(bottleneck=cells))
    assert written(at) == list(own.words)
    assert own.words != translate(load_model(kind), words).words
    card = cards(at, "figures:why_vector")[f"final_{name}"]
    assert "Yours: 12 of 32" in card["note"]
    assert card["check"]["ok"]
    names: dict[str, Any] = {}
    exec(codes(at)[0], names)  # the code on the page begins with the same numbers
    assert tuple(target_vocabulary()[word] for word in names["written"]) == own.written
    send(at, edit(1, *changes), order(2, "reset"), widget_key=f"table:bottleneck_{name}")
    assert written(at) == list(translate(load_model(kind), words).words)


def test_each_model_and_each_length_has_its_own_numbers() -> None:
    lab = EDITORS["hidden"].set_entries(Lab(numbers="34 7"), [("hidden", 3, 0.5)])
    assert own_numbers(lab) == {(0, 3): 0.5}
    assert float(trace_of(lab)["final_hidden"][0, 3]) == 0.5
    assert own_numbers(lab.choosing(reader="lstm")) == {}
    assert own_numbers(replace(lab, numbers="34")) == {}
    start = trace_of(Lab(numbers="34 7"))["final_hidden"][0].tolist()
    typed_back = EDITORS["hidden"].set_entries(lab, [("hidden", 3, start[3])])
    assert own_numbers(typed_back) == {}
    assert link.decode(link.encode(lab)) == lab


@pytest.mark.parametrize(
    ("name", "entry"),
    [("hidden", ("hidden", 32, 1.0)), ("hidden", ("other", 0, 1.0)), ("cell", ("cell", 0, 1.0))],
)
def test_a_cell_that_is_none_is_refused(name: str, entry: tuple[str, int, float]) -> None:
    with pytest.raises(ValueError, match=r"a row and a column|a value that"):
        EDITORS[name].set_entries(Lab().choosing(reader="gru"), [entry])


# ---- Accuracy, training, memory ----------------------------------------------------------------


def record(kind: str, seed: int, *curve: Accuracy) -> Record:
    points = (Point(500, 2.0, 1.5, 4e-3), Point(1000, 1.0, 0.25, 4e-3))
    return Record(kind, seed, 32, "", 1000, points, curve)


MADE = {
    ("lstm", 0): record("lstm", 0, Accuracy(15, 50, 10, 900, 700), Accuracy(17, 40, 0, 800, 400)),
    ("lstm", 1): record("lstm", 1, Accuracy(15, 50, 20, 900, 720), Accuracy(17, 40, 4, 800, 500)),
    ("bahdanau", 0): record("bahdanau", 0, Accuracy(15, 50, 50, 900, 900)),
}


def test_the_curves_are_the_records_with_their_intervals() -> None:
    spec = accuracy_spec(MADE, "exact", here=30)
    lines = {line.get("name"): line for line in spec["data"]}
    assert list(lines) == ["GRU with attention", "LSTM", "LSTM, seed 1", None]
    own = lines["LSTM"]
    assert (own["x"], own["y"]) == ([15, 17], [0.2, 0.0])
    low, high = interval(10, 50)
    assert math.isclose(own["y"][0] - own["error_y"]["arrayminus"][0], low)
    assert math.isclose(own["y"][0] + own["error_y"]["array"][0], high)
    assert "error_y" not in lines["LSTM, seed 1"]
    assert lines["LSTM, seed 1"]["line"]["width"] < own["line"]["width"]
    assert spec["data"][-1]["x"] == [30, 30]
    (shade,) = spec["layout"]["shapes"]
    assert (shade["x0"], shade["x1"]) == (16.5, 30.5)
    assert spec["layout"]["xaxis"]["range"] == [0.5, 30.5]
    by_token = accuracy_spec(MADE, "by_token", here=3)
    assert by_token["data"][1]["y"] == [700 / 900, 400 / 800]
    for line in by_token["data"]:  # the words of one sentence are not independent draws
        assert "error_y" not in line
        assert "interval" not in line.get("hovertemplate", "")
    told = accuracy_finding(MADE, "exact", (13, 16))
    assert told == "with 13 to 16 words, LSTM 20%, GRU with attention 100%."
    assert [line["y"] for line in training_spec(MADE)["data"]] == [[1.5, 0.25]] * 3


def made_records(exact: dict[str, tuple[int, ...]]) -> dict[tuple[str, int], Record]:
    """Records of as many seeds as each kind has numbers: right of 50 sentences of 15 words."""
    return {
        (kind, seed): record(
            kind, seed, Accuracy(15, 50, n, 900, 700), Accuracy(18, 50, n // 9, 900, 300)
        )
        for kind, counts in exact.items()
        for seed, n in enumerate(counts)
    }


def test_the_finding_is_computed_from_the_records_of_every_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = made_records(
        {"rnn": (0, 0, 0), "lstm": (6, 24, 2), "gru": (2, 14, 9), "bahdanau": (50, 45, 47)}
    )
    monkeypatch.setattr(words, "trained_models", lambda: made)
    told = finding_said()
    assert "trained from 3 seeds: worst to best" in told
    for shares in (
        "RNN **0%**",
        "LSTM **4%–48%**",
        "GRU **4%–28%**",
        "GRU with attention **90%–100%**",
    ):
        assert shares in told
    assert "the worst model with attention is 42 percentage points above the best one" in told
    assert "LSTM of seed 1." in told
    assert "attention has 10% right itself" in told
    made = made_records({"rnn": (0,), "lstm": (40,), "gru": (2,), "bahdanau": (35,)})
    assert "is 10 percentage points below the best one" in finding_said()
    monkeypatch.setattr(words, "trained_models", lambda: MADE)
    assert "Not every model is trained" in finding_said()


def test_the_gap_that_is_told_is_that_of_the_shipped_manifest() -> None:
    """Counted once more, from the manifest's own lines."""
    models = json.loads((FOLDER / MANIFEST).read_text(encoding="utf-8"))["models"]
    assert {(own["kind"], own["seed"]) for own in models} == {(k, s) for k in LOOKS for s in SEEDS}
    shares: dict[bool, list[float]] = {True: [], False: []}
    for own in models:
        counts = [(n, exact) for words, n, exact, *_ in own["accuracy"] if 13 <= words <= 16]
        share = sum(exact for _, exact in counts) / sum(n for n, _ in counts)
        shares[own["kind"] == "bahdanau"].append(share)
    gap = round(100 * (min(shares[True]) - max(shares[False])))
    assert f"attention is {gap} percentage points above" in finding_said()


def test_memory_is_shares_on_a_scale_that_shows_all_of_them() -> None:
    found = [Memory("rnn", "hidden", [0.001, 0.5, 2.0]), Memory("lstm", "cell", [1.0, 0.0, 4.0])]
    spec = memory_spec(found, ["one", "two", "three"])
    assert [line["y"] for line in spec["data"]] == [[0.0005, 0.25, 1.0], [0.25, None, 1.0]]
    assert [line["name"] for line in spec["data"]] == ["RNN", "LSTM, cell line"]
    low, high = spec["layout"]["yaxis"]["range"]
    assert low < math.log10(0.0005)
    assert high > 0
    assert spec["layout"]["yaxis"]["type"] == "log"


# ---- What is left of each word, and where the rates come from ----------------------------------


def test_what_is_read_back_is_what_was_measured_of_sentences_as_long() -> None:
    at = shown(numbers="53, 12, 88, 47, 31")  # nine words
    assert broken(at) == []
    card = cards(at, "figures:why_recall")["recall"]
    found = probing.shipped()
    lines = {line["name"]: line for line in card["spec"]["data"]}
    for kind in LOOKS:
        for seed in SEEDS:
            recall = found.models[kind, seed][9]
            line = lines[encoder_of(kind) + (f", seed {seed}" if seed else "")]
            assert line["y"] == recall.shares
            assert ("error_y" in line) == (seed == 0)
    for at_word, (low, high) in enumerate(lines["LSTM"]["customdata"]):
        n_right = found.models["lstm", 0][9].n_right[at_word]
        expected = interval(n_right, 400)
        assert (low, high) == pytest.approx((max(0, expected[0]), min(1, expected[1])))
    assert lines["guessing"]["y"] == found.guess[9].shares
    words = source_words("53, 12, 88, 47, 31")
    assert card["spec"]["layout"]["xaxis"]["ticktext"] == list(words)
    assert "400 others" in card["note"]
    assert "nearest" not in card["note"]


@pytest.mark.parametrize(
    ("numbers", "has", "n_words"), [("7", "one word", 3), ("34 " * 13, "26 words", 24)]
)
def test_a_sentence_too_short_or_too_long_to_be_probed_shows_the_nearest(
    numbers: str, has: str, n_words: int
) -> None:
    at = shown(numbers=numbers)
    assert broken(at) == []
    card = cards(at, "figures:why_recall")["recall"]
    assert card["note"].startswith(f"Yours has {has}; this is the nearest")
    assert len(card["spec"]["data"][0]["y"]) == n_words
    assert card["spec"]["layout"]["xaxis"]["ticktext"][0] == "word 1"
    assert f"sentences of {n_words} words" in texts(at)


def test_the_rnn_answers_strongest_to_a_word_that_it_cannot_tell() -> None:
    """As the page says of sentences of nine words; the median of 40, none learnt from."""
    sentences = probing.sentences(TEST, 9, 40).tolist()
    shares = []
    for ids in sentences:
        words = [source_vocabulary()[at] for at in ids]
        norms = word_sensitivity(load_model("rnn"), words)["hidden"]
        shares.append(norms / norms.max())
    medians = torch.stack(shares).median(0).values
    assert int(medians.argmax()) == 2
    found = probing.shipped()
    assert found.models["rnn", 0][9].shares[2] < found.guess[9].shares[2] + 0.1


def test_the_shares_that_are_told_are_those_of_every_seed() -> None:
    told = recall_said(Lab(numbers="53, 12, 88, 47, 31, 26, 94, 75"))  # 15 words
    found = {key: recalls[15].shares for key, recalls in probing.shipped().models.items()}
    for kind in LOOKS:
        for ends in (
            [found[kind, seed][0] for seed in SEEDS],
            [min(found[kind, seed]) for seed in SEEDS],
        ):
            low, high = f"{min(ends):.0%}", f"{max(ends):.0%}"
            assert f"{encoder_of(kind)} **{low if low == high else f'{low}–{high}'}**" in told


def test_what_was_read_back_can_be_taken_along() -> None:
    (run,) = why_attention_taken.shown(Lab(numbers="34 7 61"))
    (table,) = (table for table in run.tables if table.name == "read-back")
    found = probing.shipped().models["gru", 1][5]
    rows = [row[2:] for row in table.rows if row[:2] == ("GRU", 1)]
    assert rows == list(enumerate(found.shares, start=1))
    assert "sentences of 5 words" in table.said


def test_what_was_read_back_may_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models, "probes", lambda: probing.shipped(tmp_path))
    at = shown()
    assert not at.exception
    assert ["probe.json" in error.value for error in at.error] == [True]
    assert "memory" in cards(at, "figures:why_memory")


def test_the_search_of_the_learning_rates_is_on_the_page() -> None:
    head, rows = search_rows()
    assert head == ["first rate", *(look.name for look in LOOKS.values())]
    for column, kind in enumerate(LOOKS, start=1):
        (best,) = (row for row in rows if "lowest" in row[column])
        assert float(best[0]) == FIRST_RATE[kind]
        losses = [float(row[column].split()[0]) for row in rows]
        assert float(best[column].split()[0]) == min(losses)
    told = rates_told()
    assert all(f"{LOOKS[kind].name} {rate:g}" in told for kind, rate in FIRST_RATE.items())
    curves = [p.valid for (kind, _), own in records().items() if kind == "rnn" for p in own.curve]
    assert f"at the best of these rates: {min(curves):.2g} nats" in told


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("seed", SEEDS)
def test_without_attention_the_longer_the_sentence_the_fewer_are_right(
    kind: str, seed: int
) -> None:
    """As the heading of section 4 says."""
    curve = records()[kind, seed].accuracy
    shares = [in_bucket(curve, bucket).exact for bucket in BUCKETS]
    assert shares == sorted(shares, reverse=True)


def test_the_rnn_gives_up_first_and_gates_help() -> None:
    """As *The story so far* says."""
    found = {
        kind: [in_bucket(records()[kind, seed].accuracy, BUCKETS[0]).exact for seed in SEEDS]
        for kind in ("rnn", "lstm", "gru")
    }
    assert max(found["rnn"]) < min(*found["lstm"], *found["gru"])


@pytest.mark.parametrize("reader", READERS)
def test_an_lstm_hands_on_two_vectors_and_the_others_one(reader: str) -> None:
    assert len(why_attention.vector(Lab().choosing(reader=reader)).cards) == (
        2 if reader == "lstm" else 1
    )
    (intro,) = (text.value for text in shown(reader=reader).markdown if "*final*" in text.value)
    assert "one vector, two of an LSTM" in intro


def test_a_prediction_is_about_the_word_that_matters_least() -> None:
    at = shown(numbers="34 7 61", reader="lstm")
    norms = word_sensitivities("lstm", source_words("34 7 61"))[0]["hidden"]
    asked = at.main.radio[-1]
    asked.set_value(int(norms.argmin())).run()
    assert broken(at) == []
    assert at.success[0].value.startswith("Right.")


# ---- Models that cannot be loaded --------------------------------------------------------------


def _gone(*_: Any) -> Any:
    raise CheckpointError("The trained model gru-0.safetensors is missing.")


def test_a_missing_model_is_said_and_the_page_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "model_of", _gone)
    at = shown()
    assert not at.exception
    assert [error.value for error in at.error] == [
        "The trained model gru-0.safetensors is missing."
    ]
    assert list(cards(at, "figures:why_accuracy")) == ["accuracy_exact", "accuracy_by_token"]
    at.text_input(key="_numbers").set_value("seven").run()
    assert not at.exception


def test_a_missing_other_model_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    right = model_of
    without = lambda kind: _gone() if kind == "rnn" else right(kind)  # noqa: E731
    monkeypatch.setattr(models, "model_of", without)
    at = shown()
    assert broken(at) == []
    names = [line["name"] for line in cards(at, "figures:why_memory")["memory"]["spec"]["data"]]
    assert "RNN" not in names
    assert "GRU" in names
    assert "without RNN" in cards(at, "figures:why_memory")["memory"]["note"]


def test_a_missing_list_of_models_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreadable() -> Any:
        return records(tmp_path)

    monkeypatch.setattr(models, "trained_models", unreadable)
    at = shown()
    assert not at.exception
    assert ["manifest.json" in error.value for error in at.error] == [True]
    assert written(at)


def test_a_spoilt_second_route_turns_red(monkeypatch: pytest.MonkeyPatch) -> None:
    from attention_core.recurrent.states import Blend

    right = Blend.by_hand
    monkeypatch.setattr(
        Blend, "by_hand", lambda *given, **more: right(*given, **more) + torch.tensor(1e-3).item()
    )
    read.cache_clear()
    at = shown(numbers="12 13")
    assert not cards(at, "figures:why_reading")["hidden"]["check"]["ok"]
    read.cache_clear()
