"""The page "Your tensors": what it understands of a file, what it refuses, what it never loses."""

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from streamlit.testing.v1 import AppTest

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.figures.overview import unpacked
from attention_core.outside.saving import load_trace, to_bytes
from tests.screen import FRAME, PROJECT, broken, cards, components, markdown_texts, opened, said
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.your_tensors import figures as your_tensors
from ui.lessons.your_tensors import file_controls
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.file_run import is_one_head, run_of

PAGE = PROJECT / "pages" / "your_tensors.py"


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def shares(*shape: int) -> np.ndarray[Any, Any]:
    return torch.softmax(torch.tensor(drawn(*shape)), dim=-1).numpy()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array: Any, **more: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def page(**chosen: Any) -> AppTest:
    at = opened(FRAME, lab=link.encode(Lab().choosing(**chosen)))
    return at.switch_page(f"../pages/{PAGE.name}").run()


def drop(at: AppTest, name: str, contents: bytes) -> AppTest:
    """Give a file to the page's own field."""
    return at.file_uploader[0].set_value((name, contents, "application/octet-stream")).run()


def told(at: AppTest) -> str:
    return "\n".join([*markdown_texts(at), *said(at)]).replace("\\", "")


def box(at: AppTest, label: str) -> Any:
    [found] = [field for field in at.selectbox if field.label == label]
    return found


def plotted(at: AppTest, group: str, card: str) -> torch.Tensor:
    z = cards(at, group)[card]["spec"]["data"][0]["z"]
    found = unpacked(z) if isinstance(z, dict) else torch.tensor(z)
    return found.float()


# ---- What is understood ------------------------------------------------------------------------


def test_the_first_visit_shows_a_real_example() -> None:
    at = page()
    assert broken(at) == []
    saved = load_trace(opened_tensors.example().contents)
    torch.testing.assert_close(plotted(at, your_tensors.HEADS, "all_1"), saved["weights"][1])
    assert "This is an example" in told(at)
    assert not [button for button in at.button if button.label == "Try it with an example"]


def test_an_attention_tensor_alone() -> None:
    weights = (
        np.tril(np.ones((3, 2, 5, 5), np.float32)) / np.arange(1, 6, dtype=np.float32)[:, None]
    )
    at = drop(page(), "attn.npy", npy(weights))
    assert broken(at) == []
    text = told(at)
    for expected in (
        "Every weight is between 0 and 1",
        "Each row sums to 1",
        "Causal: no query attends to a later key",
        "cannot be checked against queries and keys: the file does not have both",
    ):
        assert expected in text
    at.selectbox(key="_tensor_layer").set_value(2).run()
    at.selectbox(key="_tensor_head").set_value(1).run()
    assert broken(at) == []
    assert torch.equal(plotted(at, your_tensors.INPUTS, "weights_1"), torch.tensor(weights[2, 1]))
    lab = link.decode(components(at)["keeper"]["address"])
    assert (lab.value("tensor_layer"), lab.value("tensor_head")) == (2, 1)


def test_rounding_beyond_0_or_1_is_told() -> None:
    weights = np.eye(3, dtype=np.float32)
    weights[2, 2] = np.nextafter(np.float32(1), np.float32(2))
    at = drop(page(), "attn.npy", npy(weights))
    assert "Every weight is between 0 and 1, but for rounding (off by at most 1e-07)." in told(at)


def test_of_large_steps_the_loops_are_said_to_take_some_cells() -> None:
    small, large = ({"q": drawn(n, 16), "k": drawn(n, 16)} for n in (5, 41))
    for arrays, is_sampled in ((small, False), (large, True)):
        text = told(drop(page(), "qk.npz", npz(**arrays)))
        assert "plain Python loops give the same numbers" in text
        assert ("in 64 seeded cells of a large step" in text) is is_sampled


def test_negative_weights_are_no_shares_and_are_named() -> None:
    weights = np.eye(5, dtype=np.float32)
    weights[3, 1:4] = -0.25, 0.5, 0.75
    at = drop(page(), "attn.npz", npz(attn=weights, tokens=np.array(list("abcde"))))
    assert broken(at) == []
    assert "Not every weight is between 0 and 1: -0.2500 at d → b." in told(at)
    assert "Every weight is between" not in told(at)
    assert "Each row sums to 1" in told(at)


def test_queries_keys_and_weights_are_checked_against_each_other() -> None:
    q, k = drawn(3, 5, 2), drawn(3, 5, 2)
    right = torch.softmax(torch.tensor(q) @ torch.tensor(k).mT / 2**0.5, dim=-1).numpy()
    at = drop(page(), "good.npz", npz(q=q, k=k, attn=right, tokens=np.array(list("abcde"))))
    assert broken(at) == []
    assert "`weights`, as computed here, agrees with the weights in the file" in told(at)
    assert cards(at, your_tensors.STEPS)["weights_0"]["spec"]["layout"]["xaxis"]["ticktext"] == [
        *"abcde"
    ]
    wrong = right.copy()
    wrong[1, 2, 3] += 0.01
    drop(at, "bad.npz", npz(q=q, k=k, attn=wrong))
    assert broken(at) == []
    assert "differs from the weights in the file (largest difference 0.01" in told(at)


def test_an_ambiguous_matrix_is_asked_about() -> None:
    x = drawn(5, 5)
    at = drop(page(), "x.npy", npy(x))
    assert "Their shape alone does not say it" in told(at)
    x_torch = torch.tensor(x)
    torch.testing.assert_close(
        plotted(at, your_tensors.STEPS, "weights"), torch.softmax(x_torch @ x_torch.mT, dim=-1)
    )
    asked = box(at, "These 5 × 5 numbers are")
    assert list(asked.options)[:2] == ["Attention weights", "Embeddings (inputs)"]
    asked.set_value(0).run()
    assert broken(at) == []
    assert torch.equal(plotted(at, your_tensors.INPUTS, "weights"), x_torch)
    assert "Not every weight is between 0 and 1" in told(at)
    lab = link.decode(components(at)["keeper"]["address"])
    assert dict(lab.value("tensor_roles"))["weights"] == "="


def test_a_wrong_guess_is_corrected() -> None:
    arrays = {"q": drawn(5, 2), "k": drawn(5, 2), "other": drawn(5, 2)}
    at = drop(page(), "three.npz", npz(**arrays))
    box(at, "Keys (K)").set_value(3).run()
    assert broken(at) == []
    torch.testing.assert_close(
        plotted(at, your_tensors.STEPS, "scores"),
        torch.tensor(arrays["q"]) @ torch.tensor(arrays["other"]).mT,
    )
    box(at, "Queries (Q)").set_value(0).run()
    assert broken(at) == []


def test_what_does_not_fit_is_said_and_the_choice_stays() -> None:
    at = drop(page(), "two.npz", npz(q=drawn(5, 2), k=drawn(7, 3)))
    assert broken(at) == []
    assert "These do not fit together: queries (5, 2) and keys (7, 3) must be equally wide" in told(
        at
    )
    assert box(at, "Keys (K)").value == 2


def test_a_saved_trace_opens_as_the_trace_it_is() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor(drawn(5, 3))).with_tokens(
        ["<b>", "to", "be", "or", "$x$"]
    )
    for ending in (".npz", ".safetensors"):
        at = drop(page(), f"mine{ending}", to_bytes(trace, ending))
        assert broken(at) == []
        for name in trace.steps:
            assert torch.equal(plotted(at, your_tensors.STEPS, name), trace[name])
        assert "whole trace" in told(at)


def test_a_trace_cannot_bring_code_into_the_proof() -> None:
    name = "x = __import__('os').system('true') #"
    mechanism = SIMPLE_SELF_ATTENTION
    step = mechanism.steps[0].__class__(name, mechanism.steps[0].operation, ("inputs", "inputs"))
    hostile = mechanism.__class__(("inputs",), (step,))
    held = opened_tensors.opened(
        "a.npz", to_bytes(hostile.run(inputs=torch.tensor(drawn(5, 3))), ".npz")
    )
    assert held.trace is not None
    assert held.trace.steps == ("value_1",)


def test_a_csv_with_and_without_header_and_tokens() -> None:
    for text in ("token,a,b\nto,1,2\nbe,3,4\n", "to;1;2\nbe;3;4\n", "1,2\n3,4\n", "a,b\n1,2\n3,4"):
        at = drop(page(), "m.csv", text.encode())
        assert broken(at) == []
        inputs = plotted(at, your_tensors.INPUTS, "inputs")
        assert inputs.tolist() == [[1, 2], [3, 4]]
        labels = cards(at, your_tensors.INPUTS)["inputs"]["spec"]["layout"]["yaxis"]["ticktext"]
        assert labels == (["to", "be"] if text.startswith("to") else ["1", "2"])


def test_tokens_that_are_typed_and_those_in_metadata() -> None:
    tensors = {"attn": torch.eye(3)}
    contents = safetensors.torch.save(tensors, {"tokens": json.dumps(["a", "<i>b", "c"])})
    at = drop(page(), "a.safetensors", contents)
    labels = cards(at, your_tensors.INPUTS)["weights"]["spec"]["layout"]["xaxis"]
    assert labels["ticktext"] == ["a", "&lt;i&gt;b", "c"]
    at.text_input(key="_tensor_tokens").set_value("to be").run()
    assert "There are 3 tokens here, and 2 names." in told(at)
    at.text_input(key="_tensor_tokens").set_value("to be *or*").run()
    assert broken(at) == []
    labels = cards(at, your_tensors.INPUTS)["weights"]["spec"]["layout"]["xaxis"]
    assert labels["ticktext"] == ["to", "be", "*or*"]


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "uint16", "bool"])
def test_dtypes(dtype: str) -> None:
    array = np.eye(5).astype(dtype)
    at = drop(page(), "a.npz", npz(attn=array, x=drawn(5, 3)))
    assert broken(at) == []


def test_bfloat16_and_many_heads_of_many_tokens() -> None:
    tensors = {
        "q": torch.tensor(drawn(40, 256, 2)).bfloat16(),
        "k": torch.tensor(drawn(40, 256, 2)).bfloat16(),
    }
    at = drop(page(), "a.safetensors", safetensors.torch.save(tensors))
    assert broken(at) == []
    assert "only this one is run" in told(at)
    at.selectbox(key="_tensor_head").set_value(39).run()
    assert broken(at) == []
    expected = tensors["q"][39] @ tensors["k"][39].mT
    assert plotted(at, your_tensors.STEPS, "scores").shape == (128, 128)
    held = next(iter(at.session_state[your_tensors.FILES].values()))
    trace = run_of(Lab().choosing(tensor_head=39), held)
    torch.testing.assert_close(trace["scores"], expected)


def test_wide_vectors_are_picked_and_the_address_stays_whole() -> None:
    at = drop(page(), "wide.npz", npz(q=drawn(5, 700), k=drawn(5, 700)))
    at.session_state[your_tensors.INPUTS] = {
        "picked": {"name": "queries", "head": None, "row": 4, "column": 699, "serial": 1}
    }
    at.run()
    assert broken(at) == []
    lab = link.decode(components(at)["keeper"]["address"])
    assert lab.trail[-1] == (your_tensors.INPUTS, "queries", 4, 699)
    assert lab.window[2] == 699


# ---- What is refused ---------------------------------------------------------------------------


def bomb() -> bytes:
    """A zip whose only array unpacks to 300 MB."""
    buffer = io.BytesIO()
    header = npy(np.zeros((1, 1), np.float32)).replace(b"(1, 1)", b"(8660, 8660)", 1)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("attn.npy", header[:128] + bytes(300_000_000))
    return buffer.getvalue()


def terabytes() -> bytes:
    header = json.dumps(
        {"attn": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}
    ).encode()
    return len(header).to_bytes(8, "little") + header


def with_nan() -> bytes:
    weights = shares(5, 5)
    weights[3, 1] = np.nan
    return npy(weights)


def objects() -> bytes:
    return npy(np.array([{}, []], dtype=object), allow_pickle=True)


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "zip bomb": ("a.npz", bomb, "which it cannot hold"),
    "objects": ("a.npy", objects, "Python objects, which are never read"),
    "complex": ("a.npy", lambda: npy(np.ones((3, 3), np.complex64)), "dtype"),
    "structured": ("a.npy", lambda: npy(np.zeros(3, dtype=[("a", "f4")])), "dtype"),
    "NaN": ("a.npy", with_nan, "its array has nan at (3, 1)"),
    "cut header": (
        "a.safetensors",
        lambda: safetensors.torch.save({"q": torch.eye(3)})[:20],
        "cut off",
    ),
    "terabytes": ("a.safetensors", terabytes, "claims 4000000000000 bytes"),
    "many arrays": (
        "a.npz",
        lambda: npz(**{f"a{n}": np.ones((1, 1), np.float32) for n in range(10_000)}),
        "may have 512 arrays",
    ),
    "empty": ("a.npz", lambda: b"", "his file is empty"),
    "a picture": ("a.npy", lambda: b"\x89PNG\r\n\x1a\n" + bytes(300), "begins like none of them"),
    "five axes": ("a.npy", lambda: npy(drawn(1, 2, 3, 5, 5)), "has 5 axes, (1, 2, 3, 5, 5)"),
    "one axis": ("a.npy", lambda: npy(drawn(7)), "has 1 axis"),
    "513 tokens": ("a.npy", lambda: npy(np.ones((513, 513), np.float32)), "no inputs, queries"),
    "513 tokens in heads": ("a.npy", lambda: npy(drawn(2, 513, 3)), "up to 512 tokens"),
    "no size": ("a.npy", lambda: npy(np.ones((0, 3), np.float32)), "is empty"),
    "wrong suffix": ("a.csv", lambda: npy(drawn(3, 3)), "not text in UTF-8"),
    "a lab": ("a.npz", lambda: link.to_file(Lab()).encode(), "begins like none of them"),
    "a csv of words": ("a.csv", lambda: b"to,be\nor,not\n", "is not a finite number"),
    "a csv of NaN": ("a.csv", lambda: b"1,nan\n", "is not a finite number"),
    "ragged csv": ("a.csv", lambda: b"1,2\n3\n", "Line 2 has 1 entries"),
    "long csv": ("a.csv", lambda: b"1\n" * 514, "more than 512 rows"),
    "broken trace": (
        "a.safetensors",
        lambda: safetensors.torch.save({"q": torch.eye(3)}, {"attention_lab_trace": "[]"}),
        "trace of version 1 was expected",
    ),
    "a name of markup": ("a.npz", lambda: npz(**{"<b>[x](y)": np.ones(3)}), "has 1 axis"),
}


@pytest.mark.parametrize(("name", "make", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_everything_else(
    name: str, make: Callable[[], bytes], reason: str
) -> None:
    at = drop(page(), "good.npy", npy(shares(2, 5, 5)))
    at.selectbox(key="_tensor_head").set_value(1).run()
    before = {key: data for key, data in components(at).items() if key != "keeper"}
    drop(at, name, make())
    assert broken(at) == []
    assert reason in told(at), said(at)
    assert "Nothing was changed." in told(at)
    after = {key: data for key, data in components(at).items() if key != "keeper"}
    assert after == before


def test_words_of_a_file_reach_markdown_literally() -> None:
    at = drop(page(), "<b>[x](y).npz", npz(**{"<b>[x](y)": np.ones(3), "q": drawn(3, 2)}))
    assert broken(at) == []
    for text in markdown_texts(at):
        assert "[x](y)" not in text


MEASURE = """
import resource, sys
from pathlib import Path
from ui.lessons.your_tensors import opened as opened_tensors
opened_tensors.example()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        opened_tensors.opened(path, Path(path).read_bytes())
    except ValueError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_hostile_files_take_little_memory(tmp_path: Any) -> None:
    paths = []
    for count, (name, make, _) in enumerate(HOSTILE.values()):
        path = tmp_path / f"{count}-{name}"
        path.write_bytes(make())
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 40_000, "kB beyond what an example takes"


# ---- Nothing is lost ---------------------------------------------------------------------------


def test_a_reload_asks_the_browser_and_takes_the_file_back() -> None:
    contents = npy(shares(3, 5, 5))
    at = drop(page(), "mine.npy", contents)
    stored = components(at)["shelf"]["store"]
    assert base64.b64decode(stored["content"]) == contents
    at.selectbox(key="_tensor_head").set_value(2).run()
    address = components(at)["keeper"]["address"]
    fresh = opened(PAGE, lab=address)
    assert broken(fresh) == []
    assert components(fresh)["shelf"]["want"] == stored["id"]
    fresh.session_state["shelf"] = {"restored": stored}
    fresh.run()
    assert broken(fresh) == []
    assert fresh.selectbox(key="_tensor_head").value == 2
    assert torch.equal(
        plotted(fresh, your_tensors.INPUTS, "weights_2"), torch.tensor(shares(3, 5, 5)[2])
    )


@pytest.mark.parametrize("content", [None, "", "not base64 !", base64.b64encode(b"x").decode()])
def test_a_file_that_is_gone_is_said_and_the_choices_wait(content: str | None) -> None:
    contents = npy(shares(3, 5, 5))
    held_id = opened_tensors.opened("mine.npy", contents).id
    fresh = opened(PAGE, lab=link.encode(Lab().choosing(tensors=held_id, tensor_head=2)))
    answer = {"id": held_id, "name": "mine.npy", "content": content}
    fresh.session_state["shelf"] = {"restored": answer}
    fresh.run()
    assert broken(fresh) == []
    assert "Open the same file again" in told(fresh)
    drop(fresh, "mine.npy", contents)
    assert broken(fresh) == []
    assert fresh.selectbox(key="_tensor_head").value == 2


def test_a_browser_that_stores_nothing_is_said() -> None:
    at = drop(page(), "mine.npy", npy(shares(3, 5, 5)))
    assert "A reload keeps all of this" in told(at)
    at.session_state["shelf"] = {"failed": components(at)["shelf"]["store"]["id"]}
    at.run()
    assert "A reload loses the file, as this browser does not store it" in told(at).replace("*", "")


def test_a_large_file_says_that_a_reload_loses_it() -> None:
    at = drop(page(), "large.npy", npy(shares(4, 300, 300)))
    assert broken(at) == []
    assert "A reload loses the file" in told(at)
    assert components(at)["shelf"]["store"] is None


def test_the_example_comes_back_and_undo_leads_to_the_file() -> None:
    at = drop(page(), "mine.npy", npy(shares(3, 5, 5)))
    [button] = [button for button in at.button if button.label == "Try it with an example"]
    button.click().run()
    assert broken(at) == []
    assert "This is an example" in told(at)


def test_files_before_stay_only_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_controls, "MOST_KEPT", 900)
    at = page()
    for name in ("a", "b", "c"):
        drop(at, f"{name}.npy", npy(shares(5, 5) * 0 + ord(name)))
    kept = [held.name for held in at.session_state[your_tensors.FILES].values()]
    assert kept[-1] == "c.npy"
    assert len(kept) < 3


def test_keys_that_very_many_heads_share_are_run_for_one_head() -> None:
    shapes = {"q": (512, 1, 3), "k": (1, 512, 3), "v": (1, 512, 65)}
    held = opened_tensors.opened("x.npz", npz(**{n: drawn(*s) for n, s in shapes.items()}))
    assert is_one_head(Lab(), held)
    assert run_of(Lab(), held)["context"].shape == (1, 65)
    few = opened_tensors.opened("x.npz", npz(q=drawn(4, 1, 3), k=drawn(1, 512, 3)))
    assert not is_one_head(Lab(), few)
