"""The switch of conventions: on every page, kept along the way, and nothing to undo."""

from dataclasses import replace

from tests.attention_core import printed
from tests.screen import (
    FRAME,
    PAGES,
    broken,
    cards,
    components,
    edit,
    opened,
    order,
    send,
    table,
)
from ui.lab import link
from ui.lab.lab import Lab

TURNED = Lab(queries_as="columns", count_from=0, symbols="words")


def test_undo_leaves_them_alone() -> None:
    at = send(opened(FRAME), edit(1, ("journey|1", 0, 2.0)))
    at.radio(key="_queries_as").set_value("columns").run()
    at.radio(key="_count_from").set_value(0).run()
    at.radio(key="_symbols").set_value("words").run()
    assert broken(at) == []
    send(at, order(2, "undo"))
    assert table(at)["cells"] == printed.X, "the edit was undone, and it was the only step"
    assert not table(at)["can_undo"]
    assert at.radio(key="_queries_as").value == "columns"
    assert cards(at)["context"]["shape"] == "3 × 6"
    lab = link.decode(components(at)["keeper"]["address"])
    assert replace(lab, applied={}) == TURNED
    send(at, order(3, "redo"))
    assert table(at)["cells"][1][0] == 2.0
    assert cards(at)["context"]["shape"] == "3 × 6"


def test_the_switch_is_on_every_page_and_goes_along() -> None:
    at = opened(FRAME, lab=link.encode(TURNED))
    for page in (*PAGES, PAGES[0]):
        at.switch_page(f"../pages/{page.name}").run()
        assert broken(at) == []
        found = [at.radio(key=f"_{name}").value for name in ("queries_as", "count_from", "symbols")]
        assert found == ["columns", 0, "words"]
        assert link.decode(components(at)["keeper"]["address"]) == TURNED
