"""`btswatch dlq` as an operator calls it."""

import json

import pytest

from btswatch.cli.app import run
from tests.contract.dead_letters.place import Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def dlq(place, capsys):
    def call(*arguments):
        code = run(["dlq", *arguments, "--settings", str(place.settings)])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return call


@pytest.fixture
def listed(dlq):
    def call(*arguments):
        code, out, _ = dlq("list", "--format", "json", *arguments)
        assert code == 0
        return json.loads(out)

    return call
