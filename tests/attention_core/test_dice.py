"""Random numbers from a seed."""

import pytest

from attention_core.dice import dice


def test_the_largest_seed() -> None:
    assert dice(2**63 - 1).initial_seed() == 2**63 - 1
    with pytest.raises(ValueError, match="seed must be"):
        dice(2**63)
