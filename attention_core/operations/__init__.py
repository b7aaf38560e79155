"""The operations a step can do. A new operation is one class with both of its routes."""

from attention_core.operations.base import Operation
from attention_core.operations.normalise import DivideBySum, NaiveSoftmax, Softmax
from attention_core.operations.patterns import Index, Shape, entries_read, numbers_read
from attention_core.operations.products import DivideBy, DotProducts, WeightedSum

__all__ = [
    "DivideBy",
    "DivideBySum",
    "DotProducts",
    "Index",
    "NaiveSoftmax",
    "Operation",
    "Shape",
    "Softmax",
    "WeightedSum",
    "entries_read",
    "numbers_read",
]
