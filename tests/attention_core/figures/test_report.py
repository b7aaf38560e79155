"""A page as one file: its words escaped, its scripts named, its numbers those of the trace."""

import base64
import hashlib
import json
import re
from html import escape

import pytest
import torch

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.figures import heatmap_spec
from attention_core.figures.report import (
    MOST_IN_A_TABLE,
    Matrix,
    Picture,
    Report,
    Section,
    exact,
    report_html,
    script_json,
)
from tests.attention_core.matrices import matrix

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--<script>",
    "a\u2028b\u2029c",
    "'&amp;\\\"",
    "𝕏\u202e\x00",
]
TRACE = SIMPLE_SELF_ATTENTION.run(inputs=matrix(len(HOSTILE), 3, 1, dtype=torch.float32))


def report(words: list[str]) -> str:
    """A report with these words wherever words can be."""
    said = " ".join(words)
    picture = Picture(
        title=said,
        spec=heatmap_spec(TRACE, "weights", words),
        height=300,
        alt=said,
        shape="6 × 6",
        code=said,
        latex=(r"\alpha = \operatorname{softmax}(\omega)",),
        check=said,
        details=(said,),
        note=said,
    )
    return report_html(
        Report(
            title=said,
            question=said,
            sentence=said,
            facts=[(said, said)],
            made=said,
            link=f"http://localhost/?lab={said}",
            inputs=[Matrix(said, words, ["d1", "d2", "d3"], TRACE["inputs"])],
            sections=[Section(said, [picture])],
        )
    )


def specs_of(html: str) -> list[dict[str, object]]:
    """The figure JSON in a report, as the browser reads it."""
    found = re.search(r'<script type="application/json" id="specs">(.*?)</script>', html, re.S)
    assert found
    specs: list[dict[str, object]] = json.loads(found[1])
    return specs


@pytest.fixture(scope="module")
def hostile() -> str:
    return report(HOSTILE)


def test_no_word_becomes_an_element(hostile: str) -> None:
    plain = report(list("abcdef"))
    for sign in ("<", "</script", "<!--", "<img"):
        assert hostile.count(sign) == plain.count(sign), sign
    assert escape(HOSTILE[0]) in hostile
    spec = specs_of(hostile)[0]
    assert spec == heatmap_spec(TRACE, "weights", HOSTILE)


def test_the_numbers_are_those_of_the_trace_bit_for_bit(hostile: str) -> None:
    spec: dict[str, list[dict[str, list[list[float]]]]] = specs_of(hostile)[0]  # type: ignore[assignment]
    assert torch.equal(torch.tensor(spec["data"][0]["z"]), TRACE["weights"])


def test_the_policy_forbids_the_network_and_names_the_only_scripts(hostile: str) -> None:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', hostile)
    assert found
    policy = dict(part.strip().split(" ", 1) for part in found[1].split(";"))
    assert policy["default-src"] == "'none'"
    assert set(policy) == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"
    }  # fmt: skip
    assert policy["img-src"] == "data: blob:"
    scripts = re.findall(r'<script(?: type="module")?>(.*?)</script>', hostile, re.S)
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert policy["script-src"].split() == [f"'sha256-{own}'" for own in hashes]
    assert len(scripts) == 2


def test_plotly_is_in_it_once_and_there_is_no_smaller_one(hostile: str) -> None:
    assert hostile.count("* plotly.js v") == 1
    assert len(hostile.encode()) < 5_000_000
    own = re.sub(r'<script(?: type="module")?>.*?</script>', "", report(list("abcdef")), flags=re.S)
    outside = re.findall(r"""<[a-z][^<>]*\s(?:src|href)=["']?([^"'\s>]+)""", own)
    assert [address for address in outside if not address.startswith("http://localhost/")] == []


@pytest.mark.parametrize("word", HOSTILE)
def test_json_in_a_script_is_the_same_json(word: str) -> None:
    text = script_json({"word": word, "numbers": [1.5, float("nan"), float("-inf")]})
    assert json.loads(text) == {"word": word, "numbers": [1.5, None, None]}
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_inputs_are_written_exactly(dtype: torch.dtype) -> None:
    tensor = matrix(5, 7, 3, dtype=torch.float64).to(dtype)
    texts = exact(tensor)
    for text in (text for row in texts for text in row):
        digits = len(text.lstrip("-0.").partition("e")[0].replace(".", "").rstrip("0"))
        shorter = f"{float(text):.{max(digits - 1, 1)}g}"
        made = torch.tensor([float(shorter), float(text)], dtype=dtype)
        assert digits < 2 or made[0] != made[1], (text, shorter)
    read = torch.tensor([[float(text) for text in row] for row in texts], dtype=dtype)
    assert torch.equal(read, tensor)


def test_a_table_that_would_be_too_large_says_so() -> None:
    large = Matrix("Mask", [str(i) for i in range(257)], ["d"] * 128, torch.ones(257, 128))
    assert large.tensor.numel() > MOST_IN_A_TABLE
    html = report_html(Report("a", "", "", [], "", "", [large], []))
    assert "257 × 128 numbers are too many to list here" in html
    assert "<td>" not in html.split("<script")[0]
