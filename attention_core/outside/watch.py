"""Watch a model attend: a trace for every attention of its forward pass.

``scaled_dot_product_attention`` is seen by a torch function mode. But while one is active, torch's
own modules do without their fast paths, whose results differ in the last digits. So the mode rests
while such a module runs, which then does exactly what it does unwatched, and the module's arguments
and output are taken from hooks instead. A fast path that does not even call its attention module is
followed by a second, slow run of the same layer, to look into.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from attention_core.mechanism import Trace
from attention_core.outside.watch_session import SESSION, Session, Watch


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
    watching = Watch(module)
    session = SESSION.get()
    outermost = session is None
    session = session or Session()
    before = SESSION.set(session)
    try:
        if outermost:
            session.begin()
        session.watches.append(watching)
        session.update_mode()
        try:
            yield watching.traces
        finally:
            session.end_group(session.frames[-1], only=watching)
            session.watches.remove(watching)
            session.update_mode()
    finally:
        if outermost:
            session.end()
        SESSION.reset(before)


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
    session = SESSION.get()
    if session is not None and session.watches:
        session.record(name, tensor)
