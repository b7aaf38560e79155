"""Watch a model attend: a trace for every attention of its forward pass.

``scaled_dot_product_attention`` is seen by a torch function mode. But while one is active, torch's
own modules do without their fast paths, whose results differ in the last digits. So the mode rests
while such a module runs, which then does exactly what it does unwatched, and the module's arguments
and output are taken from hooks instead. A fast path that does not even call its attention module is
followed by a second, slow run of the same layer, to look into.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn, overrides
from torch.nn import functional
from torch.nn.modules import module as modules

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Mechanism, Trace
from attention_core.outside.attention_calls import ModuleCall, of_function, require_plain
from attention_core.rounding import format_of
from attention_core.tensors import FLOATS

LAYER_ROUNDINGS = 2048  # of its row's size: a layer adds up often, and divides by what may be small
_ATTENTION, _LAYER, _STACK = (
    nn.MultiheadAttention,
    nn.TransformerEncoderLayer,
    nn.TransformerEncoder,
)
_OF_THE_FUNCTION = inspect.signature(functional.multi_head_attention_forward)
_OF_THE_MODULE = inspect.signature(nn.MultiheadAttention.forward)


@contextmanager
def watch(module: nn.Module | None = None) -> Iterator[list[Trace]]:
    """Record every attention of a model's forward passes inside of the ``with`` block.

    Recorded are the calls of ``torch.nn.MultiheadAttention`` and of
    ``torch.nn.functional.scaled_dot_product_attention``, also inside of torch's Transformer
    modules, and what a module names by ``record``. A trace has the steps ``scores``, ``scaled``,
    ``weights`` and ``context``, with ``masked``, ``dropped`` and others where there are such; its
    inputs are ``queries``, ``keys`` and ``values``. With heads, their axis is the first.

    The outputs, gradients and random numbers of the model are those without ``watch``, bit for
    bit; only a subclass of ``MultiheadAttention`` with a ``forward`` of its own does without its
    fast path meanwhile. The recorded tensors are detached copies. Weights that dropout dropped are
    found by drawing again from the same random state, on the CPU.

    Args:
        module: Recorded is what happens while it, or a module in it, is being called. None for
            everything that this thread does in the block.

    Yields:
        A list that grows: the traces in the order in which their calls end, one per batch item.
        ``trace.source`` says where a trace is from. Every trace is held against what the call
        really gave (``trace.compared``): where it differs, ``trace.disagreements`` says by how
        much, ``trace.check()`` fails and the trace shows it.

    Raises:
        ValueError: In the forward pass, if a tensor is nested or on the meta device.

    Example:
        >>> import torch
        >>> attention = torch.nn.MultiheadAttention(6, 2, batch_first=True)
        >>> with watch(attention) as traces:
        ...     _ = attention(*[torch.ones(3, 5, 6)] * 3)
        >>> len(traces), traces[0]["weights"].shape
        (3, torch.Size([2, 5, 5]))
        >>> traces[0].disagreements
        ()

    Source:
        The documentation of ``torch.overrides.TorchFunctionMode``.
    """
    watching = _Watch(module)
    session = _SESSION.get()
    outermost = session is None
    session = session or _Session()
    before = _SESSION.set(session)
    try:
        if outermost:
            session.begin()
        session.watches.append(watching)
        session.turn()
        try:
            yield watching.traces
        finally:
            session.end_group(session.frames[-1], only=watching)
            session.watches.remove(watching)
            session.turn()
    finally:
        if outermost:
            session.end()
        _SESSION.reset(before)


def record(name: str, tensor: Tensor) -> None:
    """Let the innermost ``watch`` of this thread record a tensor of one's own module.

    What a module records in one call becomes a trace for each batch item, whose inputs are these
    tensors: numbers as they were given, nothing is computed. Names of the glossary, such as
    ``queries`` or ``weights``, get its axes. A name that comes again begins a new trace. Outside
    of a ``watch`` nothing happens.

    Args:
        name: What it is.
        tensor: Floats or booleans: (n_rows, n_columns), which is every batch item's,
            (n_items, n_rows, n_columns), or (n_items, n_heads, n_rows, n_columns).

    Raises:
        ValueError: If it has another shape or dtype, or other batch items than what was recorded
            before in the same call.

    Example:
        >>> import torch
        >>> with watch() as traces:
        ...     record("weights", torch.tensor([[[0.5, 0.5]]]))
        >>> traces[0]["weights"]
        tensor([[0.5000, 0.5000]])
    """
    session = _SESSION.get()
    if session is not None and session.watches:
        session.name(name, tensor)


@dataclass(eq=False, slots=True)
class _Watch:
    """One ``with watch(...)``: which modules it is about, and what it found."""

    module: nn.Module | None
    traces: list[Trace] = field(default_factory=list)
    depth: int = 0  # how many of its modules are being called
    names: Mapping[nn.Module, str] = field(init=False)

    def __post_init__(self) -> None:
        named = () if self.module is None else self.module.named_modules()
        self.names = {module: name for name, module in named}

    @property
    def looks(self) -> bool:
        """Whether what happens now is to be recorded."""
        return self.module is None or self.depth > 0


@dataclass(eq=False, slots=True)
class _Frame:
    """One call of a module that is under way, or all that is outside of any."""

    module: nn.Module | None = None
    group: dict[str, Tensor] = field(default_factory=dict)  # what it named so far
    watching: _Watch | None = None  # for whom
    inside: tuple[_Watch, ...] = ()  # of the watches, those whose module this is
    found_before: int = 0
    random_state: Tensor | None = None
    was_on: bool = False
    above: int = 0  # how many modes lay above ours, if it was on


class _Session:
    """All watches of one thread: one mode and one pair of hooks for them together."""

    def __init__(self) -> None:
        self.watches: list[_Watch] = []
        self.frames = [_Frame()]
        self.found = 0  # attentions so far
        self.second_run: list[Trace] | None = None
        self.mode = _Calls(self)
        self.handles: list[Any] = []

    def begin(self) -> None:
        """Start to see calls."""
        before = modules.register_module_forward_pre_hook(self.entering)
        after = modules.register_module_forward_hook(
            self.leaving, with_kwargs=True, always_call=True
        )
        self.handles = [before, after]

    def end(self) -> None:
        """See nothing any more."""
        for handle in self.handles:
            handle.remove()
        self.switch_off()

    # The mode

    @property
    def is_on(self) -> bool:
        """Whether the mode is among the active ones."""
        stack = overrides._get_current_function_mode_stack()  # type: ignore[no-untyped-call]
        return any(mode is self.mode for mode in stack)

    def turn(self, *, rests: bool = False) -> int:
        """Turn the mode on if anybody looks, else off; return how many others lay above it."""
        if not rests and any(watching.looks for watching in self.watches):
            self.switch_on()
            return 0
        return self.switch_off()

    def switch_on(self, above: int = 0) -> None:
        """Put the mode where it was, below some others."""
        if self.is_on:
            return
        others = [_pop() for _ in range(above)]
        for mode in (self.mode, *reversed(others)):
            _push(mode)

    def switch_off(self) -> int:
        """Take the mode out, and return how many others lay above it."""
        if not self.is_on:
            return 0
        others = []
        while (mode := _pop()) is not self.mode:
            others.append(mode)
        for mode in reversed(others):
            _push(mode)
        return len(others)

    # The hooks

    def entering(self, module: nn.Module, args: Any) -> None:
        """A module is about to be called."""
        if _SESSION.get() is not self:
            return  # another thread's
        inside = tuple(watching for watching in self.watches if module in watching.names)
        frame = _Frame(module, inside=inside, found_before=self.found, was_on=self.is_on)
        for watching in inside:
            watching.depth += 1
        kind = _kind_of(module)
        if kind is _ATTENTION and module.training and module.dropout:
            frame.random_state = torch.get_rng_state()
        rests = kind is _ATTENTION or (kind is not None and self.second_run is None)
        frame.above = self.turn(rests=rests)
        self.frames.append(frame)

    def leaving(self, module: nn.Module, args: tuple[Any, ...], *rest: Any) -> None:
        """A module was called, or failed: then there are no keyword arguments."""
        if _SESSION.get() is not self or not any(f.module is module for f in self.frames):
            return
        while self.frames[-1].module is not module:
            self.left()
        try:
            if len(rest) == 2 and any(watching.looks for watching in self.watches):
                self.look_into(self.frames[-1], module, args, *rest)
        finally:
            self.left()

    def left(self) -> None:
        """Be as before a module was called."""
        frame = self.frames[-1]
        self.end_group(frame)
        self.frames.pop()
        for watching in frame.inside:
            watching.depth -= 1
        if frame.was_on:
            self.switch_on(frame.above)
        else:
            self.switch_off()

    def look_into(
        self, frame: _Frame, module: nn.Module, args: Any, kwargs: Any, output: Any
    ) -> None:
        """Record what a module of torch's did while the mode rested."""
        kind = _kind_of(module)
        if kind is _ATTENTION:
            assert isinstance(module, nn.MultiheadAttention)
            call = _module_call(module, args, kwargs, output, frame.random_state)
            self.add(call.traces)
        elif self.second_run is None and frame.found_before == self.found:
            # A layer within a stack may have got nested tensors from it: then the stack is run.
            in_stack = any(f.module and _kind_of(f.module) is _STACK for f in self.frames[:-1])
            if _may_be_fast(module) and not (output.is_nested and in_stack):
                self.run_again(module, args, kwargs, output)

    def run_again(self, module: nn.Module, args: Any, kwargs: Any, output: Tensor) -> None:
        """Run a layer that took its fast path once more, the slow way, and record that."""
        require_plain(args[0] if args else kwargs["src"])
        self.second_run = []
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                self.switch_on()  # which is what makes it slow
                again = module.forward(*args, **kwargs)
            self.switch_off()
            found = _compared_with(self.second_run, module, args, kwargs, output, again)
        finally:
            self.second_run = None
            self.switch_off()
        self.give(found)

    # What is found

    def add(self, traces: Callable[[], list[Trace]]) -> None:
        """Record what a call was made of."""
        self.found += 1
        # What we compute ourselves is nobody else's business, such as another mode's.
        alone = torch._C.DisableTorchFunction()
        with torch.no_grad(), torch.autocast("cpu", enabled=False), alone:
            found = traces()
        if self.second_run is not None:
            self.second_run += [self.placed(trace) for trace in found]
        else:
            self.give([self.placed(trace) for trace in found])

    def give(self, traces: Sequence[Trace]) -> None:
        """Hand traces to everybody who looks."""
        for watching in self.watches:
            if watching.looks:
                watching.traces += traces

    def placed(self, trace: Trace) -> Trace:
        """Return a trace that says in which module it was."""
        names = next((w.names for w in reversed(self.watches) if w.looks and w.names), {})
        inside = [names[f.module] for f in self.frames if f.module and f.module in names]
        place = next((name for name in reversed(inside) if name), "")
        return _copied(trace, source=f"{trace.source} in {place}") if place else trace

    def name(self, name: str, tensor: Tensor) -> None:
        """Record a tensor under a name."""
        if self.second_run is not None:
            return
        _require_recordable(name, tensor)
        frame = self.frames[-1]
        if name in frame.group or frame.watching is not self.watches[-1]:
            self.end_group(frame)
        frame.watching = self.watches[-1]
        _require_same_items(frame.group, name, tensor)
        frame.group[name] = tensor.detach().clone()

    def end_group(self, frame: _Frame, only: _Watch | None = None) -> None:
        """Make traces of what a call named."""
        watching, group = frame.watching, frame.group
        if watching is None or (only is not None and watching is not only):
            return
        frame.watching, frame.group = None, {}
        n_items = next((len(tensor) for tensor in group.values() if tensor.ndim > 2), 1)
        source = f"recorded by {type(frame.module).__name__}" if frame.module else "recorded"
        mechanism = Mechanism(
            tuple(group),
            (),
            tuple(name for name, tensor in group.items() if tensor.dtype == torch.bool),
            tuple(name for name, tensor in group.items() if tensor.ndim == 4),
        )
        for item in range(n_items):
            tensors = {n: t[item].clone() if t.ndim > 2 else t for n, t in group.items()}
            where = f", batch item {item} of {n_items}" if n_items > 1 else ""
            watching.traces.append(
                self.placed(Trace(mechanism, tensors, source=f"{source}{where}"))
            )


class _Calls(overrides.TorchFunctionMode):
    """Sees the calls of torch's attention functions."""

    def __init__(self, session: _Session) -> None:
        super().__init__()
        self.session = session

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what was asked for, and record it if it is attention."""
        kwargs = kwargs or {}
        if func is functional.scaled_dot_product_attention:
            return self._function(func, args, kwargs)
        if func is functional.multi_head_attention_forward:
            return self._module_function(func, args, kwargs)
        return func(*args, **kwargs)

    def _function(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        rate = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0)
        state = torch.get_rng_state() if rate else None
        output = func(*args, **kwargs)
        self.session.add(lambda: of_function(output, state, *args, **kwargs))
        return output

    def _module_function(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        bound = _OF_THE_FUNCTION.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        state = torch.get_rng_state() if given["training"] and given["dropout_p"] else None
        output, weights = func(*args, **kwargs)
        self.session.add(ModuleCall(given, output, weights, state).traces)
        return output, weights


_SESSION: ContextVar[_Session | None] = ContextVar("watch", default=None)


def _kind_of(module: nn.Module) -> type[nn.Module] | None:
    """Return which of torch's modules with a fast path it is, if it runs that one's forward."""
    if "forward" in vars(module):
        return None
    for kind in (_ATTENTION, _LAYER, _STACK):
        if isinstance(module, kind) and type(module).forward is kind.forward:
            return kind
    return None


def _may_be_fast(module: nn.Module) -> bool:
    """Return whether it is a layer, or a stack of such, that may not call its attention module.

    Only of torch's own, so that a second run of it does nothing that somebody else would notice.
    """
    if isinstance(module, _STACK):
        layers = list(module.layers)
        return _kind_of(module) is _STACK and all(
            isinstance(layer, _LAYER) and _may_be_fast(layer) for layer in layers
        )
    if not isinstance(module, _LAYER):
        return False
    return _kind_of(module) is _LAYER and _kind_of(module.self_attn) is _ATTENTION


def _pop() -> overrides.TorchFunctionMode:
    mode: overrides.TorchFunctionMode = overrides._pop_mode()  # type: ignore[no-untyped-call]
    return mode


def _push(mode: overrides.TorchFunctionMode) -> None:
    overrides._push_mode(mode)  # type: ignore[no-untyped-call]


def _module_call(
    module: nn.MultiheadAttention,
    args: Any,
    kwargs: Any,
    output: Any,
    random_state: Tensor | None,
) -> ModuleCall:
    """Return a module's call as one of the function behind it, which has tokens first."""
    bound = _OF_THE_MODULE.bind(module, *args, **kwargs)
    bound.apply_defaults()
    given = dict(bound.arguments)
    result, weights = output
    if module.batch_first and given["query"].ndim == 3 and not given["query"].is_nested:
        for name in ("query", "key", "value"):
            given[name] = given[name].transpose(0, 1)
        result = result.transpose(0, 1)
    given |= {
        "num_heads": module.num_heads,
        "in_proj_weight": module.in_proj_weight,
        "in_proj_bias": module.in_proj_bias,
        "use_separate_proj_weight": module.in_proj_weight is None,
        "q_proj_weight": module.q_proj_weight,
        "k_proj_weight": module.k_proj_weight,
        "v_proj_weight": module.v_proj_weight,
        "bias_k": module.bias_k,
        "bias_v": module.bias_v,
        "add_zero_attn": module.add_zero_attn,
        "dropout_p": module.dropout,
        "training": module.training,
        "out_proj_weight": module.out_proj.weight,
        "out_proj_bias": module.out_proj.bias,
    }
    return ModuleCall(given, result, weights, random_state)


def _compared_with(
    traces: Sequence[Trace],
    module: nn.Module,
    args: Any,
    kwargs: Any,
    output: Tensor,
    again: Tensor,
) -> list[Trace]:
    """Return traces of a second run that also say how far its result is from the first's."""
    batch_first = all(m.batch_first for m in module.modules() if isinstance(m, _ATTENTION))
    if output.ndim == 3 and not batch_first:
        output, again = output.transpose(0, 1), again.transpose(0, 1)
    elif output.ndim == 2:
        output, again = output.unsqueeze(0), again.unsqueeze(0)
    given = inspect.signature(type(module).forward).bind(module, *args, **kwargs).arguments
    padding = given.get("src_key_padding_mask")
    route, found = f"nn.{type(module).__name__}'s own output", []
    for position, trace in enumerate(traces):
        item = position % len(output)
        real, ours = output[item].double(), again[item].double()
        if padding is not None:  # torch leaves padding out, or makes it 0
            row = padding if padding.ndim == 1 else padding[item]
            real, ours = real[row == 0], ours[row == 0]
        # A whole layer adds up along each row, several times; its rows are as good as each other.
        size = ours.abs().nan_to_num(nan=0.0, posinf=0.0).amax(dim=-1, keepdim=True)
        allowed = LAYER_ROUNDINGS * format_of(again.dtype).unit * size
        check = verdict("context", route, distances(ours, real), allowed)
        found.append(_copied(trace, compared=(*trace.compared, check)))
    return found


def _copied(
    trace: Trace, *, source: str | None = None, compared: Sequence[Check] | None = None
) -> Trace:
    """Return the same trace with another source or other comparisons."""
    return Trace(
        trace.mechanism,
        {name: trace[name] for name in trace.names},
        source=trace.source if source is None else source,
        compared=trace.compared if compared is None else compared,
    )


def _require_recordable(name: str, tensor: object) -> None:
    """Raise ValueError if a trace cannot have such a value."""
    expected = (
        f"record({name!r}, …) expects floats or booleans of shape (n_rows, n_columns), (n_items, "
        "n_rows, n_columns) or (n_items, n_heads, n_rows, n_columns)"
    )
    if not isinstance(name, str) or not name:
        raise ValueError(f"record expects a name, such as 'weights'; got {name!r}")
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{expected}; got {type(tensor).__name__}")
    if tensor.dtype not in (*FLOATS, torch.bool):
        raise ValueError(f"{expected}; got dtype {tensor.dtype}")
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_meta:
        raise ValueError(f"{expected}; got layout {tensor.layout} on {tensor.device}")
    if tensor.ndim not in (2, 3, 4) or tensor.numel() == 0:
        raise ValueError(f"{expected}; got shape {tuple(tensor.shape)}")


def _require_same_items(group: Mapping[str, Tensor], name: str, tensor: Tensor) -> None:
    """Raise ValueError if a tensor has other batch items than one before it."""
    for other, known in group.items():
        if tensor.ndim > 2 and known.ndim > 2 and len(known) != len(tensor):
            raise ValueError(
                f"record({name!r}, …) must have as many batch items as {other!r}, which has "
                f"{len(known)}; got shape {tuple(tensor.shape)}"
            )
