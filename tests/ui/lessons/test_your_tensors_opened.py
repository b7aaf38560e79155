"""What a lab makes of a file of tensors: which layer and head, how much, what it is called."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from attention_core import SIMPLE_SELF_ATTENTION, Trace
from attention_core.mechanism import Mechanism
from attention_core.operations import DotProducts
from attention_core.outside.claims import TensorFileError
from attention_core.outside.saving import to_bytes
from attention_core.step import Step
from tests.attention_core import hostile
from ui.lab.lab import Lab
from ui.lessons.your_tensors import file_run
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.file_run import (
    head_of,
    is_causal,
    is_one_head,
    layer_of,
    n_heads,
    n_layers,
    roles_of,
    run_of,
    token_counts,
    tokens_of,
    weights_of,
    with_role,
)
from ui.lessons.your_tensors.opened import Held, opened


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def holding(**tensors: Tensor) -> Held:
    """Return a file that holds some tensors, whatever memory they would take."""
    return Held("id", "mine.npz", MappingProxyType(tensors), {})


def npz(**arrays: Any) -> bytes:
    return hostile.npz({f"{name}.npy": hostile.npy(array) for name, array in arrays.items()})


def test_layers_and_heads_are_counted_and_chosen() -> None:
    held = holding(q=drawn(3, 2, 5, 7), k=drawn(3, 2, 5, 7), v=drawn(5, 7))
    assert (n_layers(Lab(), held), n_heads(Lab(), held)) == (3, 2)
    far = Lab().choosing(tensor_layer=99, tensor_head=99)
    assert (layer_of(far, held), head_of(far, held)) == (2, 1)
    chosen = run_of(
        Lab().choosing(tensor_layer=1), replace(held, tensors={**held.tensors, "v": drawn(2, 5, 7)})
    )
    assert torch.equal(chosen["queries"], held.tensors["q"][1])
    plain = holding(x=drawn(5, 7))
    assert (n_layers(Lab(), plain), n_heads(Lab(), plain)) == (1, 1)
    items = holding(x=drawn(3, 5, 7))
    assert (n_layers(Lab(), items), n_heads(Lab(), items)) == (3, 1), "of inputs, an item each"
    assert torch.equal(run_of(far, items)["inputs"], items.tensors["x"][2])


def test_a_mask_is_causal_if_the_weights_of_the_file_are() -> None:
    causal = torch.softmax(drawn(5, 5).masked_fill(~torch.ones(5, 5).tril().bool(), -torch.inf), -1)
    with_weights = holding(q=drawn(5, 3), k=drawn(5, 3), attn=causal)
    assert is_causal(Lab(), with_weights)
    assert not is_causal(Lab(), holding(q=drawn(5, 3), k=drawn(5, 3), attn=causal.flip(1)))
    assert not is_causal(Lab(), holding(q=drawn(5, 3), k=drawn(5, 3))), "nothing suggests it"
    alone = holding(q=drawn(5, 3), k=drawn(1, 3), attn=torch.ones(5, 1))
    assert not is_causal(Lab(), alone), "one key says nothing"
    for mask, expected in (("causal", True), ("none", False)):
        assert is_causal(Lab().choosing(tensor_mask=mask), with_weights) is expected
        assert is_causal(Lab().choosing(tensor_mask=mask), holding(x=drawn(5, 3))) is expected


def empty(*shape: int) -> Tensor:
    """Return zeros of a shape that take no memory."""
    return torch.zeros(()).expand(shape)


@pytest.mark.parametrize(
    ("queries", "keys", "values", "is_much"),
    [
        ((8, 512, 2), (8, 512, 2), (8, 512, 2), False),  # 2**21 scores
        ((8, 512, 2), (1, 512, 2), (1, 512, 2), False),
        ((9, 512, 2), (9, 512, 2), (9, 512, 2), True),
        ((512, 1, 8), (1, 512, 64), (1, 512, 2), False),  # 2**24 numbers of shared keys
        ((512, 1, 8), (1, 512, 65), (1, 512, 2), True),
        ((512, 1, 8), (1, 512, 8), (1, 512, 65), True),  # of shared values
        ((512, 512), (512, 512), (512, 512), False),  # no heads at all
    ],
)
def test_all_heads_are_run_up_to_the_bound(
    queries: tuple[int, ...], keys: tuple[int, ...], values: tuple[int, ...], is_much: bool
) -> None:
    held = holding(q=empty(*queries), k=empty(*keys), v=empty(*values))
    assert is_one_head(Lab(), held) is is_much
    assert not is_one_head(Lab(), holding(q=empty(*queries))), "no scores without keys"


@pytest.mark.parametrize("head", range(6))
def test_of_many_heads_the_chosen_one_is_run_with_the_keys_it_shares(
    head: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = holding(q=drawn(6, 5, 2), k=drawn(3, 7, 2), v=drawn(3, 7, 4))
    lab = Lab().choosing(tensor_head=head)
    whole = run_of(lab, held)
    monkeypatch.setattr(file_run, "MOST_SCORES", 6 * 5 * 7 - 1)
    one = run_of(lab, held)
    assert one["context"].shape == (5, 4)
    torch.testing.assert_close(one["context"], whole["context"][head])


NAMES = {
    "scores": "scores",
    "for": "value_1",  # what code cannot be called
    "torch": "value_1",  # or is called already
    "two words": "value_1",
    "größe": "value_1",
    "s" * 60: "s" * 60,
    "s" * 61: "value_1",
}


@pytest.mark.parametrize(("name", "plain"), NAMES.items())
def test_the_values_of_a_saved_run_get_names_that_code_can_have(name: str, plain: str) -> None:
    held = opened("mine.npz", to_bytes(named(name), ".npz"))
    assert held.trace is not None
    assert held.trace.names == ("inputs", plain)
    assert torch.equal(held.trace[plain], held.trace["inputs"] @ held.trace["inputs"].T)
    assert all(check.ok for check in held.trace.check())


def named(name: str, of: str = "inputs") -> Trace:
    """Return the run of one step of any name."""
    mechanism = Mechanism((of,), (Step(name, DotProducts(), (of, of)),))
    return mechanism.run(**{of: drawn(3, 2)})


def test_two_values_never_get_one_name() -> None:
    held = opened("mine.npz", to_bytes(named("größe", of="value_1"), ".npz"))
    assert held.trace is not None
    assert held.trace.names == ("value_0", "value_1")


def test_what_is_no_part_of_attention_is_left_out_and_said() -> None:
    long = "n" * 200
    held = opened(
        "mine.npz",
        npz(
            x=np.ones((3, 2)), vector=np.ones(3), deep=np.ones((1,) * 5), **{long: np.ones((3, 2))}
        ),
    )
    assert list(held.tensors) == ["x"]
    assert held.left_out == {
        "vector": "vector has 1 axis, (3,); 2, 3 or 4 are read",
        "deep": "deep has 5 axes, (1, 1, 1, 1, 1); 2, 3 or 4 are read",
        long: f"{'n' * 60}… has a name of 200 letters",
    }
    assert list(opened("mine.npz", npz(**{"n" * 199: np.ones((3, 2))})).tensors) == ["n" * 199]
    with pytest.raises(TensorFileError, match="nothing that could be attention: w has 1 axis"):
        opened("mine.npz", npz(w=np.ones(3)))
    with pytest.raises(TensorFileError, match="attention: no inputs, queries, keys or weights"):
        opened("mine.npz", npz(w_query=np.ones((600, 2))))


def test_a_browser_keeps_only_a_small_file(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = npz(x=np.ones((3, 2)))
    for most, kept in ((len(contents), contents), (len(contents) - 1, b"")):
        monkeypatch.setattr(opened_tensors, "KEPT_BYTES", most)
        assert opened("mine.npz", contents).contents == kept
        assert opened("mine.csv", b"1,2\n3,4\n").contents == b"1,2\n3,4\n"[: 99 * (most > 8)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'["to", "be or"]', ("to", "be or")),
        ('["日本", "😀"]'.encode(), ("日本", "😀")),
        (b"to be\nor", ("to", "be", "or")),
        (b'["to", 1]', ('["to",', "1]")),
        (b'"to"', ('"to"',)),
        (b'["\\ud800x"]', ("?x",)),  # half a character, which no page can show
        (b"[" * 100_000, ("[" * 100_000,)),
    ],
)
def test_tokens_of_a_file(text: bytes, words: tuple[str, ...]) -> None:
    for name in ("tokens", "words"):
        contents = hostile.npz({"x.npy": hostile.npy(np.ones((2, 3))), f"{name}.json": text})
        assert opened("mine.npz", contents).words == words


def test_tokens_are_used_where_they_fit() -> None:
    held = replace(holding(q=drawn(3, 2), k=drawn(5, 2)), words=tuple("abcde"))
    trace = run_of(Lab(), held)
    assert token_counts(trace) == {3, 5}
    assert tokens_of(Lab(), held, trace) == tuple("abcde")
    assert tokens_of(Lab().choosing(tensor_tokens="to be or"), held, trace) == ("to", "be", "or")
    assert tokens_of(Lab().choosing(tensor_tokens="to be"), held, trace) == tuple("abcde")
    assert tokens_of(Lab(), replace(held, words=tuple("ab")), trace) == ()


def test_the_weights_to_look_at_are_those_of_the_file_in_all_layers() -> None:
    attn = torch.softmax(drawn(3, 2, 5, 5), dim=-1)
    held = holding(attn=attn)
    assert weights_of(Lab(), held, run_of(Lab(), held)) is attn
    made = holding(x=drawn(5, 2))
    trace = run_of(Lab(), made)
    assert weights_of(Lab(), made, trace) is trace["weights"]
    for bad in (torch.eye(2) > 0, torch.tensor([[torch.nan, 0.0], [0.0, 1.0]])):
        spoilt = Trace(trace.mechanism, {**{n: trace[n] for n in trace.names}, "weights": bad})
        assert weights_of(Lab(), replace(made, trace=spoilt), spoilt) is None
    run = SIMPLE_SELF_ATTENTION.run(inputs=drawn(3, 2))
    saved = opened("mine.npz", to_bytes(run, ".npz"))
    assert saved.trace is not None
    assert n_layers(Lab(), saved) == 1
    assert weights_of(Lab(), saved, saved.trace) is saved.trace["weights"]


def test_a_tensor_has_one_role_and_a_guess_makes_room() -> None:
    held = holding(a=drawn(5, 2), b=drawn(5, 2))
    assert roles_of(Lab(), held) == {"inputs": "a"}
    lab = with_role(Lab(), held, "queries", "a")
    assert roles_of(lab, held) == {"queries": "a"}
    lab = with_role(lab, held, "keys", "b")
    assert roles_of(lab, held) == {"queries": "a", "keys": "b"}
    lab = with_role(lab, held, "queries", None)
    assert roles_of(lab, held) == {"keys": "b", "inputs": "a"}, "guessed anew"
    claimed = Lab().choosing(
        tensor_roles=MappingProxyType({"mask": "=a", "queries": "=none", "spy": "=a"})
    )
    assert roles_of(claimed, held) == {"inputs": "a"}, "what cannot be is no role"
