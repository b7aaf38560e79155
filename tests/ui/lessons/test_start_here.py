"""What the page "Start here" says happens, happens: on its first numbers and on others."""

import pytest
import torch

from tests.screen import START, opened
from ui.cards.embeddings import with_preset
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.lab import Lab

LABS = {
    "first": Lab(),
    "ten": Lab(preset="ten-times"),
    "random": Lab(preset="random", d=7),
    "twenty": Lab(sentence=" ".join(f"w{row}" for row in range(20))),
    "thousand": Lab().with_entries([("one", 1, 0, 1000.0)]),
}
each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)


@each_lab
def test_two_equal_rows_have_equal_rows_of_weights(lab: Lab) -> None:
    second = lab.tokens[1]
    entries = enumerate(lab.embeddings[0])
    own = lab.with_entries([(second.word, second.nth, at, entry) for at, entry in entries])
    weights = trace_of(own)["weights"]
    torch.testing.assert_close(weights[0], weights[1])


@each_lab
def test_of_equal_rows_every_weight_is_the_same(lab: Lab) -> None:
    own = with_preset(lab, "equal")
    weights = trace_of(own)["weights"]
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / len(own.tokens)))


@each_lab
def test_ten_times_larger_makes_the_scores_a_hundred_times_as_large(lab: Lab) -> None:
    small, large = (trace_of(with_preset(lab, name)) for name in ("notebook", "ten-times"))
    torch.testing.assert_close(large["scores"], 100 * small["scores"])


def test_what_it_says_of_ten_times_larger_is_of_the_sentence_on_screen() -> None:
    at = opened(START, lab=link.encode(Lab(sentence="the cat sat on the mat")))
    (told,) = [text.value for text in at.markdown if "*Ten times larger*" in text.value]
    assert "each query gives one token 1.0000 of its attention" in told
    (told,) = [text.value for text in opened(START).markdown if "*Ten times larger*" in text.value]
    assert "between 0.6952 and 0.9860 of its attention" in told
