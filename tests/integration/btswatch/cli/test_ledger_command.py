import json
from datetime import date

import pytest
import sqlalchemy as sa

from btswatch.cli.app import run
from btswatch.parts.chain import Chain
from btswatch.parts.provenance import note_provenance
from btswatch.settings import Settings
from schemas.audit import AuditKind, NewAuditEntry
from schemas.registry import Registry
from schemas.settings.journal import JournalSettings
from stores.data_directory import DataDirectory, Mode
from stores.keys import KeyStore
from stores.ledger import Ledger, audit, official_day
from stores.ledger.alarms import Alarm, raise_alarms
from stores.ledger.closings import ClosedDay, save_closed
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
        save_closed(connection, ClosedDay(day, 9, True, 0, 0, 0, "", "", {}))
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
    told = json.loads(call("show", "--after", "4", "--json")[1])["content"]
    assert (told["action"], told["reason"], told["enterprise"]) == ("revoke", "lost", "alpha")


def test_a_key_stands_in_the_chain_when_the_command_ends(installation, call):
    path, _ = installation
    data = str(path / "data")
    assert run(["keys", "create", "--enterprise", "beta", "--data", data, "--by", "an"]) == 0
    entry = json.loads(call("show", "--after", "4", "--json")[1])
    assert (entry["kind"], entry["actor"], entry["content"]["action"]) == ("key", "an", "create")
    assert run(["keys", "rotate", entry["subject"], "--data", data, "--by", "binh", "--overlap", "2"]) == 0
    made, rotated = map(json.loads, call("show", "--after", "5", "--json")[1].splitlines())
    assert (rotated["subject"], rotated["content"]["action"]) == (entry["subject"], "rotate")
    assert (made["content"]["action"], made["content"]["enterprise"]) == ("create", "beta")
    assert run(["keys", "rotate", "0000000000", "--data", data]) == 2
    assert run(["keys", "revoke", entry["subject"], "--data", data, "--by", "binh", "--reason", "lost"]) == 0
    entry = json.loads(call("show", "--after", "7", "--json")[1])
    assert (entry["actor"], entry["content"]["reason"]) == ("binh", "lost")
    assert call("verify")[0] == 0


def test_who_changed_the_registry_stands_in_the_chain_with_its_diff(installation, call):
    path, _ = installation
    assert run(["registry", "template", str(path / "registry")]) == 0
    (path / "registry" / "enterprises.csv").write_text("id,name\nalpha,Alpha\n")
    code, out, _ = call("note", "--by", "An", "--reason", "survey")
    assert (code, out.splitlines()[0]) == (0, "noted: registry")
    entry = json.loads(call("show", "--after", "4", "--json")[1])
    assert (entry["actor"], entry["content"]["reason"]) == ("An", "survey")
    assert entry["content"]["counts"]["enterprises"] == {"added": 1, "changed": 0, "removed": 0}
    assert call("note", "--by", "An")[0] == 1
    assert call("note", "--by", " ")[0] == 2


def test_an_acknowledgement_stands_in_the_chain(installation, call, capsys):
    path, ledger = installation
    settings = ("--settings", str(path / "btswatch.toml"))
    with ledger.writing() as connection:
        raise_alarms(connection, [Alarm("figure_differs", "A-1", date(2026, 11, 2), 5, {})])
    assert run(["alarms", "list", *settings]) == 1
    assert "figure_differs" in capsys.readouterr().out
    seen = ("alarms", "acknowledge", "figure_differs", "A-1", "2026-11-02", "--by", "An", "--note", "restart")
    assert run([*seen, *settings]) == 0
    assert run([*seen, *settings]) == 1
    assert run(["alarms", "list", "--json", *settings]) == 0
    entry = json.loads(call("show", "--after", "4", "--json")[1])
    assert (entry["kind"], entry["actor"], entry["subject"]) == ("acknowledged", "An", "A-1")
    assert entry["content"] == {"kind": "figure_differs", "day": "2026-11-02", "note": "restart"}


def test_a_receipt_is_proven_by_its_id_or_its_answer(installation, call):
    path, ledger = installation
    with DataDirectory(path / "data").journal(JournalSettings()) as journal:
        body = b'{"receipt":"r_1","accepted":3,"head":null}'
        journal.save_receipt("r_1", "alpha", 1000, body)
        Chain(ledger, journal, lambda: 9, anchor_s=1).follow()
    code, out, _ = call("receipt", "r_1")
    assert (code, "r_1 was given to alpha at 1970-01-01T00:00:01+00:00" in out) == (0, True)
    (path / "answer.json").write_bytes(b'{"accepted": 3, "head": null, "receipt": "r_1"}')
    code, out, _ = call("receipt", str(path / "answer.json"), "--json")
    assert (code, json.loads(out)["entry"]) == (0, 5)
    (path / "answer.json").write_bytes(body.replace(b"3", b"4"))
    code, _, err = call("receipt", str(path / "answer.json"))
    assert (code, "entry 5 anchors another content" in err) == (1, True)
    assert call("receipt", "r_2")[0] == 1
    (path / "answer.json").write_text("[]")
    assert call("receipt", str(path / "answer.json"))[0] == 2
