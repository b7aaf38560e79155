"""What is written is marked the same way on every page: wrong, missing and needless words."""

from dataclasses import replace

import pytest
import torch

from attention_core.recurrent.language import END
from attention_core.recurrent.translation import load_model, translate
from ui.cards.marked import marked
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention.runs import run_of
from ui.lessons.bahdanau_attention.words import translated
from ui.lessons.train_it_yourself import words as train_live_words
from ui.lessons.train_it_yourself.words import alignment_finding
from ui.server.trainings import Choice

RIGHT = ("vier", "und", "dreißig", "sieben")
CASES = [
    (RIGHT, "vier und dreißig sieben"),
    (("vier", "dreißig", "sieben"), r"vier :red[✗ … (missing\: und)] dreißig sieben"),
    (
        ("vier", "und", "neun", "dreißig", "sieben"),
        "vier und :red[✗ neun (one too many)] dreißig sieben",
    ),
    (
        ("vier", "und", "neun", "sieben"),
        "vier und :red[✗ neun (instead of dreißig)] sieben",
    ),
]


@pytest.mark.parametrize(("words", "told"), CASES)
def test_each_kind_of_mistake(words: tuple[str, ...], told: str) -> None:
    assert marked(words, RIGHT) == told


def test_the_users_words_and_the_signs_stay_words() -> None:
    assert marked(["*a*"], ["*a*"]) == r"\*a\*"
    assert marked([END], [], {END: "(end)"}) == r":red[✗ \(end\) (one too many)]"


@pytest.mark.parametrize(("words", "told"), CASES[1:])
def test_both_pages_mark_them_so(words: tuple[str, ...], told: str) -> None:
    sentence = ("thirty", "four", "seven")
    written = replace(
        translate(load_model("bahdanau"), sentence), words=words, written=(*words, END)
    )
    assert f"**Written**: {told}\n" in train_live_words.written(written, Choice("bahdanau", 4, 1))
    run = replace(run_of(Lab(numbers="34 7")), translation=written)
    assert f"It writes {told}." in translated(run)


def test_the_alignment_counts_the_words_that_are_marked_right() -> None:
    sentence, words = ("thirty", "four", "seven"), ("vier", "dreißig", "sieben")
    written = replace(
        translate(load_model("bahdanau"), sentence), words=words, written=(*words, END)
    )
    weights = torch.tensor(
        [[0.1, 0.9, 0.0], [0.6, 0.3, 0.1], [0.0, 0.7, 0.3], [1.0, 0.0, 0.0]]
    )  # four comes from word 2, thirty from word 1, seven from word 3: 0.9, 0.6, 0.3
    told = alignment_finding(written, weights)
    assert told.startswith("at the 3 of 4 words that are right, 0.6000 of the weight")
