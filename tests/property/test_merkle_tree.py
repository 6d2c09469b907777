"""The Merkle tree of RFC 9162: a path proves its leaf at its place, and nothing else."""

from hashlib import sha256

import hypothesis.strategies as st
from hypothesis import given

from schemas.audit import merkle_path, merkle_root, proves

leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def leaf(content):
    return sha256(b"\x00" + content).digest()


def inner(left, right):
    return sha256(b"\x01" + left + right).digest()


def test_the_head_of_the_example_tree_is_that_of_the_standard():
    """RFC 9162 2.1.5 draws seven leaves: ((ab)(cd))((ef)j)."""
    a, b, c, d, e, f, j = (leaf(bytes([n])) for n in range(7))
    root = inner(inner(inner(a, b), inner(c, d)), inner(inner(e, f), j))
    assert merkle_root([bytes([n]) for n in range(7)]) == f"sha256:{root.hex()}"
    assert merkle_root([]) == f"sha256:{sha256().hexdigest()}"


@given(leaves, st.data())
def test_a_path_proves_its_leaf(found, data):
    index = data.draw(st.integers(0, len(found) - 1))
    path = merkle_path(found, index)
    assert proves(found[index], index, len(found), path, merkle_root(found))


@given(leaves, st.data())
def test_a_path_proves_no_other_leaf_place_or_tree(found, data):
    index = data.draw(st.integers(0, len(found) - 1))
    path, root = merkle_path(found, index), merkle_root(found)
    assert not proves(found[index] + b"x", index, len(found), path, root)
    other = data.draw(st.integers(-1, len(found)))
    if other != index and not (0 <= other < len(found) and found[other] == found[index]):
        assert not proves(found[index], other, len(found), path, root)
    assert not proves(found[index], index, len(found), [*path, "00" * 32], root)
    assert not path or not proves(found[index], index, len(found), path[:-1], root)
    assert not proves(found[index], index, len(found), path, merkle_root([*found, b""]))


@given(leaves, st.data())
def test_any_change_of_the_leaves_changes_the_root(found, data):
    index = data.draw(st.integers(0, len(found) - 1))
    root = merkle_root(found)
    assert merkle_root([*found[:index], found[index] + b"x", *found[index + 1 :]]) != root
    assert merkle_root(found[:index] + found[index + 1 :]) != root
    assert merkle_root([*found[:index], b"new", *found[index:]]) != root
