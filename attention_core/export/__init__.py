"""What a page shows, outside of the app: a proof in plain PyTorch, a notebook, files."""

from attention_core.export.shown import Derived, Shown, Table

__all__ = ["Derived", "Shown", "Table"]
