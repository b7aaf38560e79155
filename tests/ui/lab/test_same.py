"""An object as the key of a cache, by identity."""

from ui.lab.same import Same


def test_equal_objects_are_two_keys_and_one_object_is_one() -> None:
    one, other = [1.0], [1.0]
    assert Same(one) == Same(one)
    assert Same(one) != Same(other)
    assert Same(one) != one
    assert len({Same(one), Same(one), Same(other)}) == 2
