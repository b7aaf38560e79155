"""A prediction on a page: answered first, then held against what the core computes."""

from typing import Any

from tests.screen import PROJECT, broken, opened
from ui.cards.embeddings import labels_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.start_here.questions import doubled_first_value

SILENT = Lab().with_entries([("with", 1, column, 0.0) for column in range(3)])


def test_the_page_calls_a_tied_answer_right() -> None:
    def answered(lab: Lab, answer: int) -> Any:
        at = opened(PROJECT / "pages" / "start_here.py", lab=link.encode(lab))
        at.radio[0].set_value(answer).run()
        assert broken(at) == []
        return at

    for answer in range(len(labels_of(SILENT))):
        assert answered(SILENT, answer).success[0].value.startswith("Right."), answer
    _, _, truth = doubled_first_value(Lab())
    assert not answered(Lab(), (truth.right + 1) % 6).success
