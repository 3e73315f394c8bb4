"""Shards against the simplest thing that does the same: a dictionary, sorted and joined."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.page.shards import Key, Shards

KEYS = st.tuples(st.sampled_from(["c1", "c2", "c3"]), st.just("host"), st.integers(0, 30).map(str))
STEPS = st.lists(st.tuples(KEYS, st.none() | st.binary(min_size=1, max_size=60)), max_size=120)


def text(shards: Shards) -> bytes:
    """Return everything in order."""
    return b"".join(piece.text for piece in shards.pieces())


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sampled_from([1, 40, 200, 10_000]))
def test_shards_are_a_sorted_dictionary(steps: list[tuple[Key, bytes | None]], size: int) -> None:
    """After any puts and removals the text is that of all targets in order, whatever the size of a shard."""
    shards, model = Shards(size), dict[Key, bytes]()
    for key, lines in steps:
        if lines is None:
            shards.remove(key)
            model.pop(key, None)
        else:
            shards.put(key, lines)
            model[key] = lines
        assert shards.get(key) == model.get(key, b"")
    assert text(shards) == b"".join(model[key] for key in sorted(model))
    assert all(piece.text for piece in shards.pieces())


def test_shards_stay_near_their_size() -> None:
    """A thousand targets lie in shards between a quarter of the size and the size."""
    shards = Shards(1000)
    for number in range(1000):
        shards.put(("home", "host", f"{number * 7919 % 1000:04d}"), b"x" * 50)
    lengths = [len(piece.text) for piece in shards.pieces()]
    assert max(lengths) <= 1000
    assert min(lengths) >= 250


def test_emptied_shards_are_joined() -> None:
    """When nearly all targets are gone, few shards are left."""
    shards = Shards(1000)
    keys = [("home", "host", f"{number:04d}") for number in range(1000)]
    for key in keys:
        shards.put(key, b"x" * 50)
    for key in keys:
        if int(key[2]) % 50:
            shards.remove(key)
    assert len(list(shards.pieces())) <= 4


def test_a_change_leaves_the_other_pieces_alone() -> None:
    """A change makes one new piece; all others are the very same objects."""
    shards = Shards(200)
    for number in range(50):
        shards.put(("home", "host", f"{number:04d}"), b"x" * 50)
    before = list(shards.pieces())
    shards.put(("home", "host", "0020"), b"y" * 50)
    after = list(shards.pieces())
    assert sum(one is not two for one, two in zip(before, after, strict=True)) == 1


def test_the_same_lines_again_change_nothing() -> None:
    """A verdict that stays the same costs no compression."""
    shards = Shards()
    shards.put(("home", "host", "a"), b"x 1\n")
    (before,) = shards.pieces()
    shards.put(("home", "host", "a"), b"x 1\n")
    (after,) = shards.pieces()
    assert after is before


def test_one_large_target_has_its_own_shard() -> None:
    """A target with more lines than a shard holds is not torn apart."""
    shards = Shards(100)
    for name, lines in (("a", b"1" * 10), ("b", b"2" * 500), ("c", b"3" * 10)):
        shards.put(("home", "host", name), lines)
    assert any(piece.text.count(b"2") == 500 for piece in shards.pieces())
