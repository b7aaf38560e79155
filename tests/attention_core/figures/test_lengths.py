"""What the curves of the recurrent models say in words."""

import math

import pytest

from attention_core.figures.lengths import (
    LOOKS,
    Memory,
    accuracy_spec,
    memory_spec,
    recall_finding,
    recall_spec,
    training_spec,
)
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.recurrent.accuracy import interval
from attention_core.recurrent.checkpoints import records
from attention_core.recurrent.probing import Recall

FOUND = records()


@pytest.mark.parametrize("measure", ["exact", "by_token"])
def test_each_model_has_a_line_of_its_own_numbers(measure: str) -> None:
    *lines, here = accuracy_spec(FOUND, measure, 7)["data"]
    assert set(here["x"]) == {7}
    assert len(lines) == len(FOUND)
    for line, (key, record) in zip(lines, sorted(FOUND.items()), strict=True):
        assert line["x"] == [point.n_words for point in record.accuracy]
        assert line["y"] == [getattr(point, measure) for point in record.accuracy]
        assert line["meta"]["colors"] == ROLE_COLOURS[LOOKS[key[0]].role]
        assert line["showlegend"] is (key[1] == 0)
        has_intervals = measure == "exact" and key[1] == 0
        assert ("error_y" in line) is has_intervals
        if has_intervals:
            ends = [interval(point.n_exact, point.n_sentences) for point in record.accuracy]
            for shown, (low, high) in zip(line["customdata"], ends, strict=True):
                assert shown == pytest.approx([low, high], abs=1e-9)


def test_the_loss_is_drawn_as_it_was_validated() -> None:
    lines = [line for line in training_spec(FOUND)["data"] if line.get("name")]
    for line, (_, record) in zip(lines, sorted(FOUND.items()), strict=True):
        assert line["x"] == [point.step for point in record.curve]
        assert line["y"] == [point.valid for point in record.curve]


def test_what_is_read_back_stands_at_its_place() -> None:
    found = {("gru", 0): Recall(4, 10, (6, 5, 3, 9))}
    guess = Recall(4, 10, (2, 1, 1, 2))
    line, guessing = recall_spec(found, guess, ["four", "and", "<b>", "two"])["data"]
    assert line["x"] == guessing["x"] == [0, 1, 2, 3]
    assert line["y"] == [0.6, 0.5, 0.3, 0.9]
    assert guessing["y"] == [0.2, 0.1, 0.1, 0.2]


def test_sensitivities_are_shares_of_the_largest_on_a_logarithmic_axis() -> None:
    memory = Memory("lstm", "hidden", (0.5, 2.0, 1.0))
    assert memory.shares == [0.25, 1.0, 0.5]
    spec = memory_spec([memory], ["four", "and", "two"])
    assert spec["data"][0]["y"] == pytest.approx([0.25, 1.0, 0.5])
    assert spec["layout"]["yaxis"]["type"] == "log"
    assert all(math.isfinite(end) for end in spec["layout"]["yaxis"]["range"])


def test_the_worst_place_is_the_one_read_back_least() -> None:
    found = {
        ("rnn", 0): Recall(4, 10, (6, 5, 3, 9)),
        ("rnn", 1): Recall(4, 10, (1, 1, 1, 1)),  # another seed, not told
        ("bahdanau", 0): Recall(4, 20, (11, 20, 20, 20)),
    }
    assert recall_finding(found) == (
        "the first word is read back from: RNN 60%, at worst 30% (word 3); "
        "GRU with attention: its encoder 55%, at worst 55% (word 1)."
    )
