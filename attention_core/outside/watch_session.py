"""All watches of a thread together: what is seen by a function mode and by hooks, and by whom."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn, overrides
from torch.nn import functional
from torch.nn.modules import module as modules

from attention_core.mechanism import Trace
from attention_core.outside.attention_calls import require_plain
from attention_core.outside.function_calls import function_traces
from attention_core.outside.module_calls import ModuleCall
from attention_core.outside.recording import recorded_traces, require_recordable, require_same_items
from attention_core.outside.torch_modules import (
    ATTENTION,
    STACK,
    compared_runs,
    kind_of,
    may_be_fast,
    module_call,
)

_FUNCTION_ARGUMENTS = inspect.signature(functional.multi_head_attention_forward)


@dataclass(eq=False, slots=True)
class Watch:
    """One ``with watch(...)``: which modules it is about, and what it found."""

    module: nn.Module | None
    traces: list[Trace] = field(default_factory=list)
    depth: int = 0  # how many of its modules are being called
    names: Mapping[nn.Module, str] = field(init=False)

    def __post_init__(self) -> None:
        named = () if self.module is None else self.module.named_modules()
        self.names = {module: name for name, module in named}

    @property
    def is_looking(self) -> bool:
        """Whether what happens now is to be recorded."""
        return self.module is None or self.depth > 0


@dataclass(eq=False, slots=True)
class _Frame:
    """One call of a module that is under way, or all that is outside of any."""

    module: nn.Module | None = None
    group: dict[str, Tensor] = field(default_factory=dict)  # what it named so far
    watching: Watch | None = None  # for whom
    inside: tuple[Watch, ...] = ()  # of the watches, those whose module this is
    found_before: int = 0
    random_state: Tensor | None = None
    was_on: bool = False
    above: int = 0  # how many modes lay above ours, if it was on


class Session:
    """All watches of one thread: one mode and one pair of hooks for them together."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self.frames = [_Frame()]
        self.found = 0  # attentions so far
        self.second_run: list[Trace] | None = None
        self.mode = _Calls(self)
        self.handles: list[Any] = []

    def begin(self) -> None:
        """Register the hooks by which calls of modules are seen."""
        before = modules.register_module_forward_pre_hook(self.enter)
        after = modules.register_module_forward_hook(
            self.exit_from, with_kwargs=True, always_call=True
        )
        self.handles = [before, after]

    def end(self) -> None:
        """Remove the hooks and the mode."""
        for handle in self.handles:
            handle.remove()
        self.switch_off()

    # The mode

    @property
    def is_on(self) -> bool:
        """Whether the mode is among the active ones."""
        stack = overrides._get_current_function_mode_stack()  # type: ignore[no-untyped-call]
        return any(mode is self.mode for mode in stack)

    def update_mode(self, *, rests: bool = False) -> int:
        """Turn the mode on if anybody looks, else off; return how many others lay above it."""
        if not rests and any(watching.is_looking for watching in self.watches):
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

    def enter(self, module: nn.Module, args: Any) -> None:
        """Note that a module is about to be called."""
        if SESSION.get() is not self:
            return  # another thread's
        inside = tuple(watching for watching in self.watches if module in watching.names)
        frame = _Frame(module, inside=inside, found_before=self.found, was_on=self.is_on)
        for watching in inside:
            watching.depth += 1
        kind = kind_of(module)
        if kind is ATTENTION and module.training and module.dropout:
            frame.random_state = torch.get_rng_state()
        rests = kind is ATTENTION or (kind is not None and self.second_run is None)
        frame.above = self.update_mode(rests=rests)
        self.frames.append(frame)

    def exit_from(self, module: nn.Module, args: tuple[Any, ...], *rest: Any) -> None:
        """Note that a module was called, or failed: then there are no keyword arguments."""
        if SESSION.get() is not self or not any(f.module is module for f in self.frames):
            return
        while self.frames[-1].module is not module:
            self.leave()
        try:
            if len(rest) == 2 and any(watching.is_looking for watching in self.watches):
                self.look_into(self.frames[-1], module, args, *rest)
        finally:
            self.leave()

    def leave(self) -> None:
        """Take the innermost call away, and be as before it."""
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
        kind = kind_of(module)
        if kind is ATTENTION:
            assert isinstance(module, nn.MultiheadAttention)
            call = module_call(module, args, kwargs, output, frame.random_state)
            self.add(call.traces)
        elif self.second_run is None and frame.found_before == self.found:
            # A layer within a stack may have got nested tensors from it: then the stack is run.
            in_stack = any(f.module and kind_of(f.module) is STACK for f in self.frames[:-1])
            if may_be_fast(module) and not (output.is_nested and in_stack):
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
            found = compared_runs(self.second_run, module, args, kwargs, output, again)
        finally:
            self.second_run = None
            self.switch_off()
        self.hand_out(found)

    # What is found

    def add(self, traces: Callable[[], list[Trace]]) -> None:
        """Hand out what a call of attention was made of."""
        self.found += 1
        # What we compute ourselves is nobody else's business, such as another mode's.
        alone = torch._C.DisableTorchFunction()
        with torch.no_grad(), torch.autocast("cpu", enabled=False), alone:
            found = traces()
        if self.second_run is not None:
            self.second_run += [self.placed(trace) for trace in found]
        else:
            self.hand_out([self.placed(trace) for trace in found])

    def hand_out(self, traces: Sequence[Trace]) -> None:
        """Give traces to every watch that is looking."""
        for watching in self.watches:
            if watching.is_looking:
                watching.traces += traces

    def placed(self, trace: Trace) -> Trace:
        """Return a trace that says in which module it was."""
        names = next((w.names for w in reversed(self.watches) if w.is_looking and w.names), {})
        inside = [names[f.module] for f in self.frames if f.module and f.module in names]
        place = next((name for name in reversed(inside) if name), "")
        return trace.with_source(f"{trace.source} in {place}") if place else trace

    def record(self, name: str, tensor: Tensor) -> None:
        """Keep a tensor under the name that a module gives it."""
        if self.second_run is not None:
            return
        require_recordable(name, tensor)
        frame = self.frames[-1]
        if name in frame.group or frame.watching is not self.watches[-1]:
            self.end_group(frame)
        frame.watching = self.watches[-1]
        require_same_items(frame.group, name, tensor)
        frame.group[name] = tensor.detach().clone()

    def end_group(self, frame: _Frame, only: Watch | None = None) -> None:
        """Make traces of what a call recorded, for its watch."""
        watching, group = frame.watching, frame.group
        if watching is None or (only is not None and watching is not only):
            return
        frame.watching, frame.group = None, {}
        source = f"recorded by {type(frame.module).__name__}" if frame.module else "recorded"
        watching.traces += [self.placed(trace) for trace in recorded_traces(group, source)]


class _Calls(overrides.TorchFunctionMode):
    """The mode that sees the calls of torch's attention functions."""

    def __init__(self, session: Session) -> None:
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
        self.session.add(lambda: function_traces(output, state, *args, **kwargs))
        return output

    def _module_function(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        bound = _FUNCTION_ARGUMENTS.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        state = torch.get_rng_state() if given["training"] and given["dropout_p"] else None
        output, weights = func(*args, **kwargs)
        self.session.add(ModuleCall(given, output, weights, state).traces)
        return output, weights


SESSION: ContextVar[Session | None] = ContextVar("watch", default=None)


def _pop() -> overrides.TorchFunctionMode:
    mode: overrides.TorchFunctionMode = overrides._pop_mode()  # type: ignore[no-untyped-call]
    return mode


def _push(mode: overrides.TorchFunctionMode) -> None:
    overrides._push_mode(mode)  # type: ignore[no-untyped-call]
