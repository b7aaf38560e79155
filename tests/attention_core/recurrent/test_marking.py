"""A translation beside the right one: few words are called wrong, none is left out."""

import pytest

from attention_core.recurrent.marking import Written, aligned


@pytest.mark.parametrize(
    ("words", "right", "signs"),
    [
        ("a b c", "a b c", "✓✓✓"),
        ("a c", "a b c", "✓-✓"),
        ("a x b c", "a b c", "✓+✓✓"),
        ("a x c", "a b c", "✓✗✓"),
        ("", "a", "-"),
        ("x y", "a", "✗+"),
    ],
)
def test_mistakes_are_few(words: str, right: str, signs: str) -> None:
    places = aligned(words.split(), right.split())
    marks = {(True, True): "✗", (False, True): "-", (True, False): "+"}
    told = ["✓" if p.is_right else marks[bool(p.word), bool(p.right)] for p in places]
    assert "".join(told) == signs
    assert [p.word for p in places if p.word] == words.split()
    assert [p.step for p in places if p.word] == list(range(len(words.split())))
    assert [p.right for p in places if p.right] == right.split()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (Written("vier", "vier", 0), ""),
        (Written("vier", "drei", 0), "instead of drei"),
        (Written("", "drei", -1), "missing: drei"),
        (Written("vier", "", 3), "one too many"),
    ],
)
def test_every_mistake_is_said(place: Written, told: str) -> None:
    assert place.mistake == told
