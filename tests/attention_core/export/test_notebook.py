"""Blocks as a notebook that Jupyter's own reader takes, and whose cells run."""

import json

import nbformat

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.export import Shown
from attention_core.export.notebook import notebook
from attention_core.export.proof import Block, blocks
from tests.attention_core.export.hostile import TOKENS
from tests.attention_core.export.proofs import code_of, run
from tests.attention_core.matrices import matrix


def test_it_is_a_valid_notebook_of_words_and_code() -> None:
    text = notebook(
        [Block("Title", "Said.", ""), Block("Part", "", "x = 1"), Block("", "", "y = 2")]
    )
    found = json.loads(text)
    nbformat.validate(found)
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in found["cells"]]
    assert cells[:-1] == [
        ("markdown", "# Title\n\nSaid."),
        ("markdown", "## Part"),
        ("code", "x = 1"),
        ("code", "y = 2"),
    ]
    assert len({cell["id"] for cell in found["cells"]}) == 5


def test_its_cells_are_a_proof_that_runs_whatever_the_words() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(len(TOKENS), 3, 0))
    text = notebook(blocks("A page", [Shown("run", "A run", trace, list(TOKENS))]))
    nbformat.validate(json.loads(text))
    assert run(code_of(text))["tokens"] == list(TOKENS)
