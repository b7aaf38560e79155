"""What each page shows, to be taken along: pure functions of the lab, by the page's address.

Another page joins with one line in ``PAGES``; a test holds that none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from attention_core.export import Shown, Table
from ui import (
    all_tokens,
    bahdanau,
    causal,
    dropping,
    multi_head,
    normalisation,
    one_query,
    side_by_side,
    start,
    to_self,
    train_live,
    trainable,
    why_attention,
    your_tensors,
)
from ui.lab import Lab

PAGES: Mapping[str, Callable[[Lab], Sequence[Shown]]] = MappingProxyType(
    {
        "": start.shown,  # the page that opens first has no name of its own
        "why_attention": why_attention.shown,
        "bahdanau_attention": bahdanau.shown,
        "to_self_attention": to_self.shown,
        "one_query": one_query.shown,
        "all_tokens": all_tokens.shown,
        "normalisation_lab": normalisation.shown,
        "queries_keys_values": trainable.shown,
        "causal_attention": causal.shown,
        "dropout": dropping.shown,
        "multi_head": multi_head.shown,
        "side_by_side": side_by_side.shown,
        "train_it_yourself": train_live.shown,
        "your_tensors": your_tensors.shown,
    }
)
"""For each page, its runs as it shows them, the user's own numbers in them."""

WITH_FILE: Mapping[str, Callable[[Lab], Callable[[Lab], Sequence[Shown]]]] = MappingProxyType(
    {"your_tensors": your_tensors.with_file}
)
"""The pages that show a file of the session: here it is, for a time when there is no session."""

MEASURED: Mapping[str, Callable[[], Sequence[Table]]] = MappingProxyType(
    {"all_tokens": all_tokens.measured, "train_it_yourself": train_live.measured}
)
"""What a visitor measured on a page: no function of the lab, but of the session."""

ONE_RUN = frozenset({"", "one_query", "normalisation_lab", "queries_keys_values", "your_tensors"})
"""The pages that have a single run whatever their visitor chooses."""
