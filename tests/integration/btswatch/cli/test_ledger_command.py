import json
from datetime import date

import pytest
import sqlalchemy as sa

from btswatch.cli.app import run
from btswatch.parts.provenance import note_provenance
from btswatch.settings import Settings
from schemas.audit import AuditKind, NewAuditEntry
from schemas.registry import Registry
from stores.data_directory import DataDirectory, Mode
from stores.keys import KeyStore
from stores.ledger import Ledger, audit, official_day
from stores.ledger.tables import audit as table


@pytest.fixture
def installation(tmp_path):
    (tmp_path / "btswatch.toml").write_text("")
    directory = DataDirectory(tmp_path / "data")
    directory.create(Mode.PRODUCTION)
    assert run(["keys", "create", "--enterprise", "alpha", "--data", str(directory.path), "--by", "an"]) == 0
    note_provenance(
        Settings.load(tmp_path / "btswatch.toml", {}), directory, Registry(digest="sha256:1"), lambda: 7000
    )
    ledger = Ledger(directory.ledger_path)
    ledger.open()
    with ledger.writing() as connection:
        day = date(2026, 11, 2)
        seal = official_day.seal(connection, day)
        audit.append(connection, [NewAuditEntry(9, AuditKind.DAY_CLOSED, day.isoformat(), "closing", seal)])
    yield tmp_path, ledger
    ledger.close()


@pytest.fixture
def call(installation, capsys):
    path, _ = installation

    def command(*arguments):
        capsys.readouterr()
        code = run(["ledger", *arguments, "--settings", str(path / "btswatch.toml")])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return command


def test_registry_rules_keys_and_days_stand_in_the_chain_in_order(call):
    code, out, _ = call("show", "--json")
    entries = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [one["kind"] for one in entries] == ["registry_changed", "rules_changed", "key", "day_closed"]
    assert entries[2]["actor"] == "an"
    assert call("show", "--after", "3")[1].split()[:3] == ["4", "1970-01-01T00:00:00+00:00", "day_closed"]


def test_verify_says_yes_and_the_head_is_an_anchor(call):
    head = call("head")[1].strip()
    code, out, _ = call("verify", "--anchor", head)
    assert (code, out) == (0, f"4 entries and 1 closed days are as they were written\nhead {head}\n")


def test_verify_says_no_with_the_entry(installation, call):
    head = call("head")[1].strip()
    with installation[1].writing() as connection:
        connection.execute(sa.delete(table).where(table.c.number == 4))
    code, _, err = call("verify", "--anchor", head)
    assert (code, f"btswatch: anchor {head} does not stand in the chain" in err) == (1, True)
    with installation[1].writing() as connection:
        connection.execute(sa.delete(table).where(table.c.number == 2))
    code, out, err = call("verify", "--json")
    assert (code, [one["number"] for one in json.loads(out)["broken"]]) == (1, [3])
    assert err.startswith("btswatch: entry 3: before key ")
    assert err.endswith(": entry 2 was removed\n")


def test_nothing_is_written_twice(installation, call):
    path, _ = installation
    directory = DataDirectory(path / "data")
    before = call("head")
    note_provenance(
        Settings.load(path / "btswatch.toml", {}), directory, Registry(digest="sha256:1"), lambda: 8000
    )
    assert call("head") == before
    keys = KeyStore(directory.keys_path)
    keys.open()
    (key,) = keys.all_keys()
    keys.revoke(key.key_id, actor="binh", now_ms=5, reason="lost")
    keys.close()
    note_provenance(
        Settings.load(path / "btswatch.toml", {}), directory, Registry(digest="sha256:1"), lambda: 8000
    )
    assert json.loads(call("show", "--after", "4", "--json")[1])["content"] == {
        "action": "revoke",
        "reason": "lost",
    }
