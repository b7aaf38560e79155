"""A watched model gives what it gives unwatched, bit for bit, and shows what it did."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn, overrides
from torch.nn import functional
from torch.nn.modules import module as modules

from attention_core import Trace, record, watch
from attention_core.mechanisms.attention import Then, weighing
from attention_core.operations import Softmax
from attention_core.outside import attention_calls
from attention_core.outside.watch import _compared_with

N, L, S, WIDTH, HEADS = 3, 5, 7, 22, 2  # items, queries, keys
Run = Callable[[], Any]


def numbers(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def both(module: nn.Module | None, run: Run) -> tuple[Any, list[Trace]]:
    """Run unwatched and watched from one random state; the outputs and the states must agree."""
    torch.manual_seed(11)
    plain, after = run(), torch.get_rng_state()
    torch.manual_seed(11)
    with watch(module) as traces:
        watched = run()
    assert torch.equal(torch.get_rng_state(), after)
    for one, other in zip(tensors_of(plain), tensors_of(watched), strict=True):
        assert torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0))
        assert one.requires_grad == other.requires_grad
    assert_nothing_stays()
    return watched, traces


def tensors_of(output: Any) -> list[Tensor]:
    found = output if isinstance(output, tuple | list) else [output]
    return [tensor for tensor in found if tensor is not None]


def assert_nothing_stays() -> None:
    assert not modules._global_forward_hooks
    assert not modules._global_forward_pre_hooks
    assert torch._C._len_torch_function_stack() == 0


def assert_true(traces: list[Trace]) -> None:
    """Every trace agrees with itself, with the model, and is detached."""
    assert traces
    for trace in traces:
        assert trace.disagreements == ()
        assert trace.compared
        assert [check for check in trace.check() if not check.ok] == []
        assert not any(trace[name].requires_grad for name in trace.names)


# nn.MultiheadAttention

MASKS: dict[str, dict[str, Tensor]] = {
    "no mask": {},
    "causal": {"attn_mask": torch.ones(L, S, dtype=torch.bool).triu(1)},
    "floats": {"attn_mask": numbers(L, S, seed=5)},
    "of each head": {"attn_mask": numbers(N * HEADS, L, S, seed=6) > 0.8},
    "padding": {"key_padding_mask": torch.arange(S) >= torch.tensor([[7], [4], [2]])},
    "padding and causal": {
        "attn_mask": torch.ones(L, S, dtype=torch.bool).triu(2),
        "key_padding_mask": torch.arange(S) >= torch.tensor([[7], [4], [2]]),
    },
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_a_module_with_masks(
    mask: str, need_weights: bool, batch_first: bool, training: bool
) -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.3, batch_first=batch_first)
    attention.train(training)
    query, key = numbers(N, L, WIDTH, seed=2), numbers(N, S, WIDTH, seed=3)
    if not batch_first:
        query, key = query.transpose(0, 1), key.transpose(0, 1)

    def run() -> Any:
        more: dict[str, Any] = {"need_weights": need_weights, "average_attn_weights": False}
        return attention(query, key, key, **more, **MASKS[mask])

    (_, weights), traces = both(attention, run)
    assert len(traces) == N
    assert_true(traces)
    for item, trace in enumerate(traces):
        assert trace["queries"].shape == (HEADS, L, WIDTH // HEADS)
        assert trace["weights"].shape == (HEADS, L, S)
        assert ("dropped" in trace.steps) is training
        if need_weights:
            step = "dropped" if training else "weights"
            assert torch.allclose(trace[step], weights[item], atol=1e-6)


@pytest.mark.parametrize("no_grad", [True, False])
@pytest.mark.parametrize("need_weights", [True, False])
def test_a_module_on_its_fast_path(no_grad: bool, need_weights: bool) -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    tokens = numbers(N, L, WIDTH)
    padding = torch.arange(L) >= torch.tensor([[5], [3], [2]])

    def run() -> Any:
        with torch.set_grad_enabled(not no_grad):
            return attention(
                tokens, tokens, tokens, need_weights=need_weights, key_padding_mask=padding
            )

    _, traces = both(attention, run)
    assert len(traces) == N
    assert_true(traces)
    assert not traces[2]["mask"][:, 2:].any()


@pytest.mark.parametrize(
    "settings",
    [
        {"bias": False},
        {"kdim": 13, "vdim": 17},
        {"add_bias_kv": True},
        {"add_zero_attn": True},
        {"add_bias_kv": True, "add_zero_attn": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("mask", ["no mask", "padding and causal"])
def test_a_module_with_other_settings(settings: dict[str, Any], mask: str) -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, **settings)
    if attention.in_proj_bias is not None:
        nn.init.normal_(attention.in_proj_bias)
    query = numbers(L, N, WIDTH, seed=2)
    key = numbers(S, N, settings.get("kdim", WIDTH), seed=3)
    value = numbers(S, N, settings.get("vdim", WIDTH), seed=4) if "vdim" in settings else key
    _, traces = both(attention, lambda: attention(query, key, value, **MASKS[mask]))
    assert_true(traces)
    more = sum(name in settings for name in ("add_bias_kv", "add_zero_attn"))
    assert traces[0]["keys"].shape == (HEADS, S + more, WIDTH // HEADS)


def test_a_module_without_a_batch() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.2)
    tokens = numbers(L, WIDTH)
    padding = torch.tensor([False, False, True, False, True])
    _, traces = both(attention, lambda: attention(tokens, tokens, tokens, padding))
    assert_true(traces)
    assert len(traces) == 1
    assert traces[0].source == "nn.MultiheadAttention"


def test_a_hint_that_a_mask_is_causal() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS)
    tokens, mask = numbers(L, N, WIDTH), torch.ones(L, L, dtype=torch.bool).triu(1)

    def run() -> Any:
        more = {"attn_mask": mask, "is_causal": True, "need_weights": False}
        return attention(tokens, tokens, tokens, **more)

    _, traces = both(attention, run)
    assert_true(traces)
    assert torch.equal(traces[0]["mask"], ~mask)


def test_a_query_that_may_attend_to_nothing() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS)
    tokens, padding = numbers(L, N, WIDTH), torch.zeros(N, L, dtype=torch.bool)
    padding[1] = True
    for need_weights in (True, False):
        call = partial(attention, tokens, tokens, tokens, padding, need_weights=need_weights)
        _, traces = both(attention, call)
        assert_true(traces)
        blank = traces[1]["weights"]
        assert bool((blank.isnan() if need_weights else blank == 0).all())


# F.scaled_dot_product_attention

CAUSAL = torch.ones(L, S, dtype=torch.bool).tril()
CALLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "causal": {"is_causal": True},
    "booleans": {"attn_mask": CAUSAL},
    "a row of nothing": {"attn_mask": (torch.arange(L) != 2)[:, None].expand(L, S)},
    "floats": {"attn_mask": numbers(L, S, seed=8)},
    "floats and −∞": {"attn_mask": numbers(L, S, seed=8).masked_fill(~CAUSAL, -torch.inf)},
    "of each item and head": {"attn_mask": numbers(N, HEADS, L, S, seed=9) > -0.5},
    "of each item": {"attn_mask": numbers(N, 1, 1, S, seed=9) > -0.5},
    "a scale": {"scale": 0.37},
    "a negative scale": {"scale": -1.3},
    "dropout": {"dropout_p": 0.3},
    "dropout and causal": {"dropout_p": 0.6, "is_causal": True},
    "all dropped": {"dropout_p": 1.0},
}


@pytest.mark.parametrize("given", CALLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_function(given: str, dtype: torch.dtype) -> None:
    query, key, value = (
        numbers(N, HEADS, n, width, seed=n + width).to(dtype)
        for n, width in ((L, 11), (S, 11), (S, 13))
    )
    more = dict(CALLS[given])
    if "attn_mask" in more and more["attn_mask"].is_floating_point():
        more["attn_mask"] = more["attn_mask"].to(dtype)

    def run() -> Tensor:
        return functional.scaled_dot_product_attention(query, key, value, **more)

    output, traces = both(None, run)
    assert_true(traces)
    assert len(traces) == N
    for item, trace in enumerate(traces):
        assert trace["context"].dtype == dtype
        assert torch.allclose(
            trace["context"].double(),
            output[item].double(),
            atol=1e-5 if dtype.itemsize > 2 else 0.1,
        )
        assert torch.equal(trace["queries"], query[item])


@pytest.mark.parametrize(
    ("batch", "heads", "in_heads"), [((), (), False), ((N,), (), False), ((N, 2), (5,), True)]
)
def test_the_functions_batch_axes(
    batch: tuple[int, ...], heads: tuple[int, ...], in_heads: bool
) -> None:
    query, key, value = (
        numbers(*batch, *heads, n, w, seed=w) for n, w in ((L, 11), (S, 11), (S, 13))
    )
    output, traces = both(
        None, lambda: functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    )
    assert_true(traces)
    flat = output.reshape(-1, *heads, L, 13)
    assert len(traces) == len(flat)
    assert all(
        torch.allclose(trace["context"], real, atol=1e-6)
        for trace, real in zip(traces, flat, strict=True)
    )
    assert (traces[0]["weights"].ndim == 3) is in_heads


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_grouped_heads(dropout: float) -> None:
    query, key, value = (
        numbers(N, h, n, w, seed=w) for h, n, w in ((6, L, 11), (2, S, 11), (2, S, 13))
    )

    def run() -> Tensor:
        return functional.scaled_dot_product_attention(
            query, key, value, enable_gqa=True, dropout_p=dropout, is_causal=True
        )

    _, traces = both(None, run)
    assert_true(traces)
    assert traces[1]["shared_keys"].shape == (2, S, 11)
    assert torch.equal(traces[1]["keys"][5], key[1, 1])
    assert traces[1].explain("keys", 5, 0, 0).operands[0].cell == (1, 0, 0)


def test_gradients_are_the_same() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.3)
    tokens = numbers(L, N, WIDTH)

    def gradient() -> Tensor:
        attention.zero_grad()
        attention(tokens, tokens, tokens)[0].square().sum().backward()
        assert attention.in_proj_weight is not None
        assert attention.in_proj_weight.grad is not None
        return attention.in_proj_weight.grad.clone()

    both(attention, gradient)


def test_numbers_that_are_none_are_shown_and_not_refused() -> None:
    query = numbers(L, 11)
    query[2, 3] = torch.nan
    _, traces = both(None, lambda: functional.scaled_dot_product_attention(query, query, query))
    assert bool(traces[0]["weights"].isnan().all())
    assert "NaN" in traces[0]._repr_html_()


# Transformer modules


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("no_grad", [True, False])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
def test_an_encoder(training: bool, no_grad: bool, padded: bool, norm_first: bool) -> None:
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 37, 0.2, batch_first=True, norm_first=norm_first
    )
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=not norm_first).train(training)
    tokens = numbers(N, L, WIDTH)
    padding = torch.arange(L) >= torch.tensor([[5], [4], [2]]) if padded else None

    def run() -> Any:
        with torch.set_grad_enabled(not no_grad):
            return encoder(tokens, src_key_padding_mask=padding)

    _, traces = both(encoder, run)
    assert len(traces) == 2 * N
    assert_true(traces)
    assert [trace.source.split(" in ")[1] for trace in traces] == [
        f"layers.{layer}.self_attn" for layer in (0, 1) for _ in range(N)
    ]
    assert ("mask" in traces[0].inputs) is padded


@pytest.mark.parametrize("training", [True, False])
def test_a_whole_transformer(training: bool) -> None:
    model = nn.Transformer(WIDTH, HEADS, 1, 2, 37, batch_first=True).train(training)
    source, target = numbers(N, S, WIDTH), numbers(N, L, WIDTH)

    def run() -> Any:
        with torch.no_grad():
            return model(source, target)

    _, traces = both(model, run)
    assert len(traces) == N * (1 + 2 * 2)
    assert_true(traces)
    assert traces[-1].source == (
        f"nn.MultiheadAttention, batch item {N - 1} of {N} in decoder.layers.1.multihead_attn"
    )


def test_a_hook_of_the_users_is_called_once() -> None:
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(WIDTH, HEADS, 37, batch_first=True), 2
    ).eval()
    called: list[str] = []
    first = encoder.layers[0]
    assert isinstance(first, nn.TransformerEncoderLayer)
    first.linear1.register_forward_hook(lambda *_: called.append("linear1"))
    with torch.no_grad(), watch(encoder) as traces:
        encoder(numbers(N, L, WIDTH))
    assert called == ["linear1"]
    assert len(traces) == 2 * N


# A module written here


class Own(nn.Module):
    """Attention as the chapter has it, which names what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.to_query = nn.Linear(WIDTH, 13)

    def forward(self, tokens: Tensor) -> Tensor:
        """Attend, and name two of the steps."""
        queries = self.to_query(tokens)
        record("queries", queries)
        weights = torch.softmax(queries @ queries.mT, -1)
        record("weights", weights)
        return weights @ tokens


def test_what_a_module_records() -> None:
    own, tokens = Own(), numbers(N, L, WIDTH)
    output, traces = both(own, lambda: own(tokens))
    assert [trace.names for trace in traces] == [("queries", "weights")] * N
    assert traces[0].axes("weights") == ("query token", "key token")
    assert traces[2].source == f"recorded by Own, batch item 2 of {N}"
    assert torch.allclose(traces[1]["weights"] @ tokens[1], output[1], atol=1e-6)
    assert not traces[1]["weights"].requires_grad


def test_a_name_that_comes_again_begins_anew() -> None:
    with watch() as traces:
        for number in range(2):
            record("weights", torch.full((2, 3, 5), float(number)))
            record("mask", torch.ones(3, 5, dtype=torch.bool))
    assert [(float(t["weights"][0, 0]), t.names) for t in traces] == [
        (number, ("weights", "mask")) for number in (0.0, 0.0, 1.0, 1.0)
    ]


def test_a_recorded_tensor_may_change_afterwards() -> None:
    tensor = torch.zeros(3, 5)
    with watch() as traces:
        record("weights", tensor)
        tensor += 1
    assert float(traces[0]["weights"].sum()) == 0


def test_nothing_is_recorded_outside() -> None:
    record("weights", "nonsense")  # type: ignore[arg-type]
    own = Own()
    with watch(own) as traces:
        pass
    own(numbers(N, L, WIDTH))
    assert traces == []


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ([[1.0]], "got list"),
        (torch.ones(2, 3, dtype=torch.int64), "got dtype torch.int64"),
        (torch.ones(3), r"got shape \(3,\)"),
        (torch.ones(0, 3), r"got shape \(0, 3\)"),
        (torch.ones(5, 2, 3), "as many batch items as 'queries', which has 3"),
    ],
)
def test_record_says_what_it_cannot_take(tensor: Any, said: str) -> None:
    with watch():
        record("queries", torch.ones(3, 2, 2))
        with pytest.raises(ValueError, match=said):
            record("weights", tensor)
    assert_nothing_stays()


# Which watch sees what


def test_only_the_watched_module_is_recorded() -> None:
    one, other = (nn.MultiheadAttention(WIDTH, HEADS) for _ in range(2))
    tokens = numbers(L, N, WIDTH)
    with watch(one) as traces:
        other(tokens, tokens, tokens)
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
        assert traces == []
        one(tokens, tokens, tokens)
    assert len(traces) == N


def test_watches_inside_of_each_other() -> None:
    own, tokens = Own(), numbers(N, L, WIDTH)
    with watch() as outer:
        with watch(own) as inner:
            own(tokens)
            functional.scaled_dot_product_attention(tokens, tokens, tokens)
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
        record("weights", tokens)
    assert len(inner) == N  # what it named, and not the call beside it
    assert [trace.source.split(",")[0] for trace in outer] == [
        *["F.scaled_dot_product_attention"] * 2 * N,
        *["recorded"] * N,
    ]
    assert_nothing_stays()


def test_two_threads_at_once() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    found: dict[int, list[Trace]] = {}
    barrier = threading.Barrier(2, timeout=30)

    def work(n_items: int) -> None:
        tokens = numbers(n_items, L, WIDTH)
        with watch(attention) as traces:
            barrier.wait()
            for _ in range(5):
                attention(tokens, tokens, tokens)
                functional.scaled_dot_product_attention(tokens, tokens, tokens)
            barrier.wait()
        found[n_items] = traces

    threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3)]
    for thread in threads:
        thread.start()
    tokens = numbers(1, L, WIDTH)
    attention(tokens, tokens, tokens)  # of a thread that watches nothing
    for thread in threads:
        thread.join()
    assert {n: len(traces) for n, traces in found.items()} == {2: 10, 3: 15}
    assert_nothing_stays()


def test_nothing_stays_after_an_exception() -> None:
    encoder = nn.TransformerEncoderLayer(WIDTH, HEADS, 37)
    with pytest.raises(RuntimeError), watch(encoder):
        encoder(numbers(L, N, WIDTH), src_mask=torch.ones(2, 2))
    assert_nothing_stays()


def test_a_watch_goes_on_after_an_exception_that_was_caught() -> None:
    attention, tokens = nn.MultiheadAttention(WIDTH, HEADS), numbers(L, N, WIDTH)
    with watch(attention) as traces:
        with pytest.raises(RuntimeError):
            attention(tokens, tokens, tokens, attn_mask=torch.ones(2, 2))
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
        assert traces == []  # no longer within the module
        attention(tokens, tokens, tokens)
    assert len(traces) == N


class Counting(overrides.TorchFunctionMode):
    """Somebody else's mode."""

    def __init__(self) -> None:
        super().__init__()
        self.softmaxes = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.softmaxes += func is torch.softmax
        return func(*args, **(kwargs or {}))


def test_another_mode_stays_where_it_is() -> None:
    attention, tokens = nn.MultiheadAttention(WIDTH, HEADS), numbers(L, N, WIDTH)
    with watch() as traces, Counting() as mode:
        attention(tokens, tokens, tokens)
        assert torch._C._len_torch_function_stack() == 2
        torch.softmax(tokens, -1)
    assert len(traces) == N
    assert mode.softmaxes == 1
    assert_nothing_stays()


# When the model did something else


class Crooked(nn.MultiheadAttention):
    """Adds to what it returns."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Attend, plus 1."""
        output, weights = super().forward(*args, **kwargs)
        return output + 1, weights


def test_a_subclass_is_seen_inside() -> None:
    attention, tokens = Crooked(WIDTH, HEADS), numbers(L, N, WIDTH)
    _, traces = both(attention, lambda: attention(tokens, tokens, tokens))
    assert_true(traces)


def test_a_trace_says_that_it_is_not_what_the_call_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = numbers(L, 11)

    def without_the_mask(softmax: Softmax) -> tuple[Then, ...]:
        return tuple(then for then in weighing(softmax) if then.name != "masked")

    monkeypatch.setattr(attention_calls, "weighing", without_the_mask)
    with watch() as traces:
        functional.scaled_dot_product_attention(tokens, tokens, tokens, is_causal=True)
    (said,) = traces[0].disagreements
    assert said.startswith("context differs from F.scaled_dot_product_attention by ")
    assert [check.ok for check in traces[0].check("context")][-1] is False
    assert said in repr(traces[0])
    assert said in traces[0]._repr_html_()


def test_a_fast_path_that_gave_something_else_is_found() -> None:
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 37, batch_first=True).eval()
    tokens = numbers(N, L, WIDTH)
    with torch.no_grad(), watch(layer) as traces:
        output = layer(tokens)
    bent = output.clone()
    bent[1, 2, 3] += 0.01
    compared = _compared_with(traces, layer, (tokens,), {}, bent, output)
    assert [bool(trace.disagreements) for trace in compared] == [False, True, False]


def test_tensors_without_numbers_are_refused_in_words() -> None:
    tokens = torch.empty(L, 11, device="meta")
    refused = pytest.raises(ValueError, match=r"plain tensors; got a tensor without numbers \(meta")
    with refused, watch():
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
    assert_nothing_stays()


def test_nested_tensors_are_refused_in_words() -> None:
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 37, batch_first=True).eval()
    nested = torch.nested.nested_tensor([numbers(3, WIDTH), numbers(2, WIDTH)])
    refused = pytest.raises(ValueError, match="plain tensors; got a nested tensor")
    with refused, torch.no_grad(), watch(layer):
        layer(nested)
    assert_nothing_stays()
