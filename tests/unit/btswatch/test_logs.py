import json
import logging
import subprocess
import sys

import pytest

from btswatch.logs import LibrariesAsJson, SeldomAgain

OUTAGE = """
import logging
from btswatch.logs import configure
configure()
for number in range(5):
    logging.getLogger("aiokafka").error("Unable connect to node with id %s", number)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("faust").exception("Crash: %s", "Lạng Sơn")
"""


def record(text="Unable connect to node with id %s: %s", *arguments, name="aiokafka"):
    return logging.LogRecord(name, logging.ERROR, __file__, 1, text, arguments, None)


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def seldom(now):
    return SeldomAgain(lambda: now[0])


def test_a_library_says_the_same_once_a_minute_and_then_how_often(now, seldom):
    assert [seldom.filter(record("id %s", number)) for number in range(4)] == [True, False, False, False]
    assert seldom.filter(record("another"))
    assert seldom.filter(record("id %s", 1, name="faust"))
    now[0] += 60
    again = record("id %s", 9)
    assert seldom.filter(again)
    assert again.getMessage() == "id 9 (3 more like it before)"
    now[0] += 60
    calm = record("id %s", 10)
    assert seldom.filter(calm)
    assert calm.getMessage() == "id 10"


def test_another_reason_in_the_same_words_is_said_too(seldom):
    assert seldom.filter(record("node 0: %s", "refused"))
    assert seldom.filter(record("node 0: %s", "authentication failed"))
    assert not seldom.filter(record("node 0: %s", "refused"))


@pytest.mark.parametrize("pause_s", [0, 1])
def test_what_is_never_said_again_is_not_remembered_for_ever(now, seldom, pause_s):
    for number in range(5_000):
        now[0] += pause_s
        word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        assert seldom.filter(record(f"id {word}"))
    assert len(seldom._said) <= 1_000


def test_a_line_of_a_library_is_json_like_ours():
    line = json.loads(LibrariesAsJson().format(record("id %s", 7)))
    assert (line["logger"], line["event"], line["level"]) == ("aiokafka", "id 7", "error")
    assert line["timestamp"].endswith("Z")


def test_a_process_that_is_no_terminal_writes_json_alone():
    done = subprocess.run([sys.executable, "-c", OUTAGE], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["Unable connect to node with id 0", "Crash: Lạng Sơn"]
    assert "ZeroDivisionError" in lines[1]["exception"]
