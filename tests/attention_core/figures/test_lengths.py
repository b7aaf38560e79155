"""What the curves of the recurrent models say in words."""

from attention_core.figures.lengths import recall_finding
from attention_core.recurrent.probing import Recall


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
