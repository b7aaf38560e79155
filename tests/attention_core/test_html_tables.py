"""A trace shows itself: small tables that a browser can read, and nothing else."""

from html.parser import HTMLParser

import torch

from attention_core import SIMPLE_SELF_ATTENTION, Mechanism, Trace
from attention_core.html_tables import MOST_COLUMNS, MOST_HEADS, MOST_ROWS, MOST_VALUES

HOSTILE = ["<script>alert(1)</script>", '"onclick="x', "&amp;", "a'b", "</td>"]


class Parsed(HTMLParser):
    """The tags, the attributes and the text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count a tag."""
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        """Every tag is closed in its turn."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data)


def test_every_number_stands_in_a_labelled_table() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.randn(5, 3))
    found = Parsed(trace._repr_html_())
    assert found.tags.count("table") == 4
    assert found.open == []
    for number in trace["weights"].flatten().tolist():
        assert f"{number:.4f}" in found.texts
    assert "query token \\ key token" in found.texts
    assert set(found.tags) == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_hostile_words_are_only_words() -> None:
    mechanism = Mechanism(("<b>name</b>", "inputs"), ())
    tensors = {"<b>name</b>": torch.ones(5, 2), "inputs": torch.ones(5, 2)}
    trace = Trace(mechanism, tensors, tokens=HOSTILE, source="<i>source")
    found = Parsed(trace._repr_html_())
    assert found.attributes == {"style", "scope"}
    assert not {"script", "b", "i"} & set(found.tags)
    assert "<script>alert…" in found.texts
    assert "<b>name</b>: <b>name</b>, 5 × 2" in found.texts
    assert "<i>source" in found.texts


def test_what_is_left_out_is_said() -> None:
    names = tuple(f"value {k}" for k in range(MOST_VALUES + 2))
    tensors = {name: torch.zeros(2, 3) for name in names}
    tensors["value 0"] = torch.randn(7, 101, 103)
    trace = Trace(Mechanism(names, (), per_head=("value 0",)), tensors)
    html = trace._repr_html_()
    assert f"the first {MOST_ROWS} of 101 rows, {MOST_COLUMNS} of 103 columns" in html
    assert f"{7 - MOST_HEADS} more of 7 heads" in html
    assert "not shown: value 16, value 17" in html
    assert Parsed(html).tags.count("td") == MOST_HEADS * MOST_ROWS * MOST_COLUMNS + 15 * 6
    assert len(html) < 200_000


def test_the_strongest_tint_is_the_largest_number() -> None:
    trace = Trace(Mechanism(("x",), ()), {"x": torch.tensor([[4.0, -2.0, torch.inf, 0.0]])})
    html = trace._repr_html_()
    assert 'rgba(53,86,189,0.40)">4.0000' in html
    assert 'rgba(208,122,31,0.20)">−2.0000' in html
    assert 'text-align:right">∞' in html
    assert 'text-align:right">0.0000' in html
