"""What each page shows, to be taken along: pure functions of the lab, by the page's address.

Another page joins with one line in ``PAGES``; a test holds that none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from attention_core.export import Shown, Table
from ui.lab.lab import Lab
from ui.lessons.all_tokens import controls as all_tokens_controls
from ui.lessons.all_tokens import figures as all_tokens
from ui.lessons.bahdanau_attention import figures as bahdanau
from ui.lessons.causal_attention import figures as causal
from ui.lessons.dropout import figures as dropping
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.normalisation_lab import figures as normalisation
from ui.lessons.one_query import figures as one_query
from ui.lessons.queries_keys_values import figures as trainable
from ui.lessons.side_by_side import figures as side_by_side
from ui.lessons.start_here import figures as start
from ui.lessons.to_self_attention import figures as to_self
from ui.lessons.train_it_yourself import controls as train_live_controls
from ui.lessons.train_it_yourself import figures as train_live
from ui.lessons.why_attention import figures as why_attention
from ui.lessons.your_tensors import controls as your_tensors_controls

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
        "your_tensors": your_tensors_controls.shown,
    }
)
"""For each page, its runs as it shows them, the user's own numbers in them."""

WITH_FILE: Mapping[str, Callable[[Lab], Callable[[Lab], Sequence[Shown]]]] = MappingProxyType(
    {"your_tensors": your_tensors_controls.with_file}
)
"""The pages that show a file of the session: here it is, for a time when there is no session."""

MEASURED: Mapping[str, Callable[[], Sequence[Table]]] = MappingProxyType(
    {"all_tokens": all_tokens_controls.measured, "train_it_yourself": train_live_controls.measured}
)
"""What a visitor measured on a page: no function of the lab, but of the session."""

ONE_RUN = frozenset({"", "one_query", "normalisation_lab", "queries_keys_values", "your_tensors"})
"""The pages that have a single run whatever their visitor chooses."""
