"""Every page, taken along: its proofs run where nothing of ours is, and find a changed number."""

import contextlib
import json
import subprocess
import sys
import warnings
from functools import lru_cache
from pathlib import Path

import nbformat
import pytest
import torch

from attention_core.export import Shown
from attention_core.export.notebook import notebook
from attention_core.export.proof import blocks, script
from attention_core.outside.saving import load_trace
from tests.attention_core.export.proofs import SAME, code_of, imports, run, spoilt
from tests.ui.taken import LABS
from ui.lessons import LESSONS
from ui.takeaway.menu import saved

PAGES = [lesson.name for lesson in LESSONS]
each_page = pytest.mark.parametrize("page", PAGES)
each_lab = pytest.mark.parametrize("name", LABS)

RUN_ALL = """\
import contextlib, io, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), {"__name__": "__main__"})
    assert said.getvalue() == sys.argv[2], path.name
ours = {"attention_core", "ui", "tests", "streamlit", "plotly"} & set(sys.modules)
assert not ours, ours
print(len(list(pathlib.Path(sys.argv[1]).iterdir())))
"""


@lru_cache
def shown_on(page: str, name: str) -> list[Shown]:
    return list(LESSONS[page].shown(LABS[name]))


@lru_cache
def proof_of(page: str, name: str) -> tuple[str, str]:
    """Return the script and the notebook of a page."""
    parts = blocks(page, shown_on(page, name))
    return script(parts), notebook(parts)


def alone(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python where nothing of ours can be imported."""
    command = [sys.executable, "-I", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def test_every_proof_of_every_page_and_lab_runs_in_a_fresh_interpreter(tmp_path: Path) -> None:
    count = 0
    for name in LABS:
        for page in PAGES:
            text, cells = proof_of(page, name)
            assert imports(text) == imports(code_of(cells)) <= {"torch", "math"}
            for kind, code in (("script", text), ("notebook", code_of(cells))):
                path = tmp_path / f"{name} {page or 'start'} {kind}.py"
                path.write_text(code, encoding="utf-8")
                count += 1
    done = alone("-c", RUN_ALL, str(tmp_path), SAME, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout == f"{count}\n"


def test_a_script_runs_as_it_was_downloaded(tmp_path: Path) -> None:
    text, _ = proof_of("multi_head", "hostile words")
    path = tmp_path / "attention-lab-multi-head.py"
    path.write_bytes(text.encode())
    done = alone(path.name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, SAME), done.stderr[-2_000:]
    path.write_bytes(text.replace("torch.softmax(masked", "torch.softmax(scaled", 1).encode())
    done = alone(path.name, cwd=tmp_path)
    assert done.returncode == 1
    assert "AssertionError: weights differ" in done.stderr


def test_a_notebook_runs_cell_by_cell_as_it_was_downloaded(tmp_path: Path) -> None:
    _, cells = proof_of("causal_attention", "own numbers")
    (tmp_path / "taken.ipynb").write_bytes(cells.encode())
    runner = (
        "import json\nnames = {}\n"
        "for cell in json.load(open('taken.ipynb', encoding='utf-8'))['cells']:\n"
        "    if cell['cell_type'] == 'code':\n"
        "        exec(''.join(cell['source']), names)\n"
    )
    done = alone("-c", runner, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, SAME), done.stderr[-2_000:]


@each_lab
def test_every_notebook_is_valid(name: str) -> None:
    for page in PAGES:
        _, cells = proof_of(page, name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            nbformat.validate(json.loads(cells))
        assert json.loads(cells)["cells"][0]["source"][0].startswith("# ")


@pytest.mark.parametrize("page", [page for page in PAGES if page != "train_it_yourself"])
def test_a_proof_makes_the_numbers_of_the_page_and_finds_a_changed_one(page: str) -> None:
    name = "own numbers"
    text, _ = proof_of(page, name)
    shown = shown_on(page, name)
    last = shown[-1].trace
    names = run(text)
    for value in (*last.inputs, *last.steps):
        assert torch.equal(names[value].nan_to_num(), last[value].nan_to_num()), value
    assert len({run.name for run in shown}) == len(shown)
    unnoticed, count = [], 0
    by = 1.0 if page == "why_attention" else 0.01  # saturated gates hardly answer
    for place, tree in spoilt(text, by):
        count += 1
        with contextlib.suppress(AssertionError):
            run(tree)
            unnoticed.append(place)
    assert unnoticed == []
    assert count > sum(len(run.trace.steps) for run in shown)


@each_page
@each_lab
def test_every_run_is_saved_and_loads_as_it_was(page: str, name: str) -> None:
    shown = shown_on(page, name)
    assert (len(shown) == 1) >= LESSONS[page].has_one_run
    for run_, ending in ((run_, ending) for run_ in shown for ending in (".npz", ".safetensors")):
        again = load_trace(saved(run_, ending))
        for value in (*run_.trace.inputs, *run_.trace.steps):
            assert torch.equal(again[value].nan_to_num(), run_.trace[value].nan_to_num())
        if page != "why_attention":  # a file has no steps of a recurrent cell: the values alone
            assert again.steps == run_.trace.steps
            assert list(again.tokens) == list(run_.keys if len(run_.tokens) == 1 else run_.tokens)


def test_own_numbers_of_a_page_are_in_its_proof() -> None:
    text, _ = proof_of("start_here", "own numbers")
    assert "\nweights[1, 3] = 0.9\n" in text
    assert "\ncontext[5, 2] = -1000000.0\n" in text
