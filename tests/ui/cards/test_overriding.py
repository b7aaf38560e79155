"""Numbers of one's own in any step: put in, followed downstream, marked, let go of."""

import pytest
import torch

from attention_core import MULTI_HEAD_ATTENTION
from ui.cards import overriding
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.checks import LIMIT
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values import figures as trainable


def test_they_wait_while_the_sentence_has_another_length() -> None:
    trace = trace_of(Lab())
    lab = overriding.with_override(Lab(), trace, "start", "weights", (5, 5), 0.5)
    shorter = Lab(sentence="to be or not", overrides=lab.overrides)
    assert trace_of(shorter).overridden == {}
    assert overriding.without_overrides(shorter, trace_of(shorter), "start") == shorter
    assert float(trace_of(lab)["weights"][5, 5]) == 0.5
    assert trainable.trace_of(lab).overridden == {}  # another place


def test_a_reload_gives_the_same_run_bit_for_bit() -> None:
    trace = trainable.trace_of(Lab())
    lab = overriding.with_override(Lab(), trace, "qkv", "values", (2, 1), -1 / 3)
    lab = overriding.with_override(lab, trace, "qkv", "scaled", (0, 3), 1e-7)
    again = trainable.trace_of(link.decode(link.encode(lab)))
    own = trainable.trace_of(lab)
    assert all(torch.equal(own[name], again[name]) for name in own.steps)
    assert set(own.overridden) == {"values", "scaled"}


def test_a_cell_of_a_head() -> None:
    identity = torch.eye(2)
    trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, 2, identity)
    lab = overriding.with_override(Lab(), trace, "heads", "weights", (1, 0, 1), 0.25)
    own = overriding.applied(trace, lab, "heads")
    assert float(own["weights"][1, 0, 1]) == 0.25
    assert torch.equal(own["weights"][0], trace["weights"][0])
    assert overriding.without_override(lab, trace, "heads", "weights", (1, 0, 1)) == Lab()


@pytest.mark.parametrize(
    ("name", "index", "entry"),
    [
        ("weights", (6, 0), 1.0),
        ("weights", (0,), 1.0),
        ("inputs", (0, 0), 1.0),
        ("heads", (0, 0), 1.0),
        ("weights", (0, 0), 2 * LIMIT),
        ("weights", (0, 0), float("nan")),
    ],
)
def test_what_does_not_fit_is_refused(name: str, index: tuple[int, ...], entry: float) -> None:
    with pytest.raises(ValueError, match=r"a cell of a step|a number from"):
        overriding.with_override(Lab(), trace_of(Lab()), "start", name, index, entry)


def test_hostile_overrides_in_an_address_are_ignored() -> None:
    rows = [["start/weights/9/9", 1, 6, 0, 1.0], ["start/", 1, 6, 0, 1.0], ["/", 1, 1, 0, 1.0]]
    rows += [["start/scores", 99, 6, 0, 1.0], ["start/context/²", 1, 3, 0, 1.0]]
    lab = link.from_file(
        b'{"attention_lab": 1, "overrides": ' + str(rows).replace("'", '"').encode() + b"}"
    )
    assert trace_of(lab).overridden == {}
