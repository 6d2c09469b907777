import json

import pytest

from ingest.feeds.framing import CutError, LineCutter, cut_json


def raw(body: bytes, max_event: int = 1000) -> list[bytes]:
    return [frame.raw for frame in cut_json(body, max_event)]


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (b"{}", [b"{}"]),
        (b' \r\n{"a":[1,2]}\t', [b'{"a":[1,2]}']),
        (b"[]", []),
        (b"[ ]", []),
        (b"[1]", [b"1"]),
        (b"[1,]", [b"1", b""]),
        (b"[,]", [b"", b""]),
        (b'[{"a":"]},{"},2]', [b'{"a":"]},{"}', b"2"]),
        (b'[{"a":"\\"]"},2]', [b'{"a":"\\"]"}', b"2"]),
        (b'["\\\\",2]', [b'"\\\\"', b"2"]),
        (b'[{"a":{"b":[{}]}} , [[]]]', [b'{"a":{"b":[{}]}}', b"[[]]"]),
        (b"[{a b},{}]", [b"{a b}", b"{}"]),
    ],
)
def test_a_body_is_cut_at_the_commas_of_its_outer_array(body, frames):
    assert raw(body) == frames


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"1", b"null", b"[", b"[1", b"[1}", b'["', b'{"a"', b"{}{}", b"[]x", b"[[1]", b'[{"a":"]'],
)
def test_what_is_no_whole_array_or_object_is_refused(body):
    with pytest.raises(CutError):
        raw(body)


def test_an_event_above_the_bound_is_marked_and_its_neighbours_are_whole():
    frames = list(cut_json(b'[1,"' + b"x" * 50 + b'",2]', 10))
    assert [frame.oversized for frame in frames] == [False, True, False]
    assert [len(frame.raw) for frame in frames] == [1, 10, 1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_are_the_same_in_pieces_of_any_size(size):
    body = b'{"a":1}\r\n\n  \n{"b":2}\n' + b"x" * 30 + b'\n{"c":3}'
    cutter = LineCutter(10)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    frames = [frame for piece in pieces for frame in cutter.feed(piece)] + list(cutter.end())
    assert [(frame.raw, frame.oversized) for frame in frames] == [
        (b'{"a":1}', False),
        (b'{"b":2}', False),
        (b"x" * 10, True),
        (b'{"c":3}', False),
    ]


@pytest.mark.parametrize(
    "body", [b'["' + b'\\"' * 200_000, b"[" * 200_000, b'["a"' * 100_000, b'["' * 100_000]
)
def test_a_hostile_body_takes_linear_time(body):
    # Quadratic time would be minutes here.
    with pytest.raises(CutError):
        list(cut_json(body, 100))


def test_a_long_array_is_cut_into_all_its_items():
    items = [{"n": n, "s": ',[]{}"\\'} for n in range(5000)]
    assert [json.loads(frame) for frame in raw(json.dumps(items).encode())] == items
