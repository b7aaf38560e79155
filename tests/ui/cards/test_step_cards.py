"""A mechanism's steps on the page: the picture, the verdict, the code that can be pasted."""

import random
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Check, Trace, normalisations
from attention_core.embeddings import PRESETS
from attention_core.tokens import tokenize
from tests.attention_core import printed
from tests.attention_core.matrices import FLOATS, matrices, matrix
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.step_cards import pytorch_of, step_card, verdict
from ui.lab.csv_file import write_csv
from ui.lab.lab import Lab

X = torch.tensor(printed.X)


def rebuilt(trace: Trace, tokens: list[str]) -> dict[str, Any]:
    """Run the shown code in a namespace of its own."""
    names: dict[str, Any] = {}
    exec(pytorch_of(trace, tokens), names)
    return names


def assert_same_bits(trace: Trace, tokens: list[str]) -> None:
    """Fail unless the shown code makes every value of the trace, to the last bit."""
    names = rebuilt(trace, tokens)
    for name in (*trace.inputs, *trace.steps):
        assert names[name].dtype == trace[name].dtype
        torch.testing.assert_close(names[name], trace[name], rtol=0, atol=0, equal_nan=True)


@settings(max_examples=50)
@given(matrices(dtypes=FLOATS, size=3.0), st.text(max_size=200))
def test_the_shown_code_makes_the_shown_numbers(x: Tensor, sentence: str) -> None:
    typed = [token.text for token in tokenize(sentence, keep_punctuation=True)]
    tokens = (typed + [f"t{row}" for row in range(len(x))])[: len(x)]
    assert_same_bits(SIMPLE_SELF_ATTENTION.run(inputs=x), tokens)
    assert_same_bits(ONE_QUERY.run(query=x[:1], inputs=x), tokens)
    assert_same_bits(normalisations(0.3).run(scores=x), [])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_shown_code_of_every_preset(preset: str, dtype: torch.dtype) -> None:
    lab = Lab(preset=preset)
    trace = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab).to(dtype))
    assert_same_bits(trace, labels_of(lab))


@pytest.mark.parametrize("entry", [0.0, -0.0, 1.0, -3.0, 1e6, 0.1, 1e-30, 123456.79])
def test_the_shown_code_of_awkward_numbers(entry: float) -> None:
    x = torch.full((2, 3), entry)
    names = rebuilt(SIMPLE_SELF_ATTENTION.run(inputs=x), [])
    assert names["inputs"].dtype == torch.float32
    assert torch.equal(names["inputs"].view(torch.int32), x.view(torch.int32))


def read_back(trace: Trace, file: bytes, folder: Path) -> dict[str, Any]:
    """Run the shown code in a folder with the downloaded file."""
    (folder / "embeddings.csv").write_bytes(file)
    names: dict[str, Any] = {}
    with chdir(folder):
        exec(pytorch_of(trace, []), names)
    return names


@pytest.mark.parametrize("preset", ["random", "notebook", "ten-times"])
def test_the_code_of_a_large_table_reads_the_file_that_is_offered(
    preset: str, tmp_path: Path
) -> None:
    words = [f'a"{row},' for row in range(64)]
    dice = random.Random(7)
    rows = [[dice.uniform(-1, 1) * 10 ** dice.randint(-6, 6) for _ in range(16)] for _ in words]
    rows += [list(row) for row in Lab(sentence="to be, or not", preset=preset, d=16).embeddings]
    words += ["to", "be", "or", "not"]
    inputs = torch.tensor(rows, dtype=torch.float32)
    for trace in (
        SIMPLE_SELF_ATTENTION.run(inputs=inputs),
        ONE_QUERY.run(query=inputs[[3]], inputs=inputs),
    ):
        names = read_back(trace, write_csv(words, rows), tmp_path)
        for name in (*trace.inputs, *trace.steps):
            assert names[name].dtype == trace[name].dtype
            assert torch.equal(names[name].view(torch.int32), trace[name].view(torch.int32)), name
        assert len(pytorch_of(trace, [])) < 2_000


def test_the_largest_table_that_is_printed() -> None:
    assert "embeddings.csv" not in pytorch_of(SIMPLE_SELF_ATTENTION.run(inputs=matrix(64, 16, 0)))
    assert "embeddings.csv" in pytorch_of(SIMPLE_SELF_ATTENTION.run(inputs=matrix(205, 5, 0)))


HOSTILE = ['"', "'''", "\\", "#", "{}", "import os", "%s", "<b>", "`", "日", "👍🏽", "שלום"]


def test_tokens_cannot_leave_their_comment() -> None:
    x = matrix(len(HOSTILE), 3, 0, dtype=torch.float32)
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    assert_same_bits(trace, HOSTILE)
    assert f"  # {HOSTILE[1]}\n" in pytorch_of(trace, HOSTILE)
    shaken = "a\nimport os\rb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h"
    typed = [token.text for token in tokenize(shaken, keep_punctuation=True)]
    assert_same_bits(SIMPLE_SELF_ATTENTION.run(inputs=matrix(len(typed), 2, 0)), typed)


def test_the_notebooks_code_reads_like_the_notebook() -> None:
    code = pytorch_of(SIMPLE_SELF_ATTENTION.run(inputs=X), printed.TOKENS)
    assert "    [0.55, 0.87, 0.66],  # journey\n" in code
    assert code.startswith("import torch\n\ninputs = torch.tensor([\n")


def test_a_card_has_everything_about_a_step() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    card = step_card(trace, "weights", printed.TOKENS, trace.check())
    assert (card.title, card.shape) == ("Attention weights", "6 × 6")
    assert card.formula == "weights = torch.softmax(scores, dim=-1)"
    assert "row journey: most on journey, 0.2379" in card.alt
    assert card.check
    assert card.check.ok
    assert "Plain Python loops give the same numbers" in card.check.text
    assert "Each row sums to 1." in card.check.text


def test_a_large_step_says_how_it_was_checked() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(64, 16, 0))
    check = step_card(trace, "scores", [], trace.check()).check
    assert check
    assert "64 seeded cells" in check.text
    assert "float64" in check.text


def test_a_verdict_says_what_broke() -> None:
    good, bad = (
        Check("s", "loops", 0, 1e-6, 0, True),
        Check("s", "the law", 0.25, 1e-6, 25e4, False),
    )
    told = verdict([good, bad])
    assert told.ok is False
    assert (
        "s · the law · largest difference 0.25; where it is worst, rounding may do 1e-06"
        in told.text
    )
    assert told.detail == (
        "loops: no difference (ok)",
        "the law: largest difference 0.25; where it is worst, rounding may do 1e-06 (BROKEN)",
    )
