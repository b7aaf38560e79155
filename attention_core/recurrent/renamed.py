"""What values of a recurrent cell were called before: links and files that say so still open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

OF_LSTM: Mapping[str, str] = MappingProxyType(
    {f"{sign}candidate": f"{sign}cell_candidate" for sign in ("", "w_", "u_", "b_")}
)
"""The LSTM's candidate was called as the GRU's is, which goes by another letter."""


def renamed_in(names: Collection[str]) -> Mapping[str, str]:
    """Return today's name of each that was renamed, for a file with all these names.

    Example:
        >>> renamed_in(["forget_gate", "candidate"])["candidate"]
        'cell_candidate'
        >>> dict(renamed_in(["update_gate", "candidate"]))  # a GRU's
        {}
    """
    return OF_LSTM if "forget_gate" in names else MappingProxyType({})
