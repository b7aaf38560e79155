"""Tests of what the pages share."""

import ui.lessons  # noqa: F401 - labs keep what lessons add to them, once these are known
