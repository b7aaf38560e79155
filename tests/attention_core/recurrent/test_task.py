"""Sentences are drawn from a seed, and no sentence is both learnt from and tested with."""

import random
from collections import Counter
from itertools import islice

from attention_core.recurrent.language import right_translation, spelled, target_vocabulary, values
from attention_core.recurrent.task import (
    MOST_NUMBERS,
    TEST,
    TRAIN,
    VALID,
    batch_of,
    batches,
    draws,
    is_clear,
    of_length,
    part_of,
)


def test_the_parts_share_no_sentence_and_have_their_shares() -> None:
    dice = random.Random(1)
    sentences = {tuple(dice.randrange(100) for _ in range(3)) for _ in range(20_000)}
    counts = Counter(part_of(sentence) for sentence in sentences)
    assert abs(counts[TEST] / len(sentences) - 0.1) < 0.01
    assert abs(counts[VALID] / len(sentences) - 0.1) < 0.01
    for part in (TRAIN, VALID, TEST):
        for sentence in islice(draws(random.Random(2), part), 50):
            assert part_of(sentence) == part
            assert 1 <= len(sentence) <= MOST_NUMBERS


def test_the_split_is_the_same_on_every_machine() -> None:
    tested = [number for number in range(100) if part_of([number]) == TEST]
    assert tested == [9, 39, 49, 51, 55, 65]
    assert part_of([8]) == VALID


def test_words_say_the_numbers_they_were_made_of() -> None:
    for sentence in islice(draws(random.Random(3), TRAIN), 200):
        assert is_clear(sentence)
        assert values(spelled(sentence)) == sentence
    assert not is_clear((20, 4))


def test_a_batch_has_one_length_and_the_right_words() -> None:
    sources, targets = next(batches(random.Random(5), TRAIN, 7))
    assert len(sources) == len(targets) == 7
    assert bool((sources > 0).all())
    _, targets = batch_of([(34, 7)])
    written = [target_vocabulary()[word] for word in targets[0].tolist()]
    assert written == [*right_translation(["thirty", "four", "seven"]), "</s>"]


def test_test_sentences_have_the_length_asked_for_and_are_never_the_same_twice() -> None:
    for n_words in (2, 5, 16, 19):
        sentences = of_length(random.Random(7), TEST, n_words, 30)
        assert len(set(sentences)) == len(sentences)
        for sentence in sentences:
            assert len(spelled(sentence)) == n_words
            assert part_of(sentence) == TEST
            assert n_words > 16 or len(sentence) <= MOST_NUMBERS
    assert len(of_length(random.Random(7), TEST, 19, 30)) == 30


def test_there_are_few_sentences_of_one_word() -> None:
    assert set(of_length(random.Random(7), TEST, 1, 30)) == {(9,)}
