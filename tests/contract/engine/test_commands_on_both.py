"""The commands of what is official, over the same events: an embedded installation, and a cluster with its ledger on PostgreSQL.

The cluster's ledger and archive are written by its own processes over Kafka, and closed by the closing's code.
"""

import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import delete, select

from btswatch.cli.app import run
from btswatch.ledger import ledger_of
from btswatch.parts.closing import close_due
from btswatch.settings import Settings
from processors.rules import load_rules
from schemas.status import Track
from stores.data_directory import DataDirectory
from stores.entries import entry_of
from stores.ledger.findings import findings_of
from stores.ledger.tables import day_figures, differing_causes, feed_days, late_declarations, transitions
from tests.cluster import Cluster
from tests.contract.engine.cluster_host import with_unit
from tests.contract.engine.lived import live_through
from tests.contract.engine.world import CALENDAR, FIRST, HOUR, make_world
from tests.kafka_topics import records_of, send
from tests.one_rule import RULE
from tests.running_verdicts import told_and_expected

pytestmark = pytest.mark.service
DAY = FIRST + timedelta(days=1)
LAST = FIRST + timedelta(days=2)
DERIVED = (day_figures, transitions, late_declarations, differing_causes, feed_days)
# Some hours after its lateness is over.
NOW = CALENDAR.end_of(LAST) + 78 * HOUR
# What differs: digests of entries, since their moments do, and where in the archive's files the lines lie.
DIFFERS = re.compile(
    r'(?:"head": ?"|head |"digest": ?"|entry \d+ )sha256:[0-9a-f]{64}'
    r'|[a-z]+-\d+-\d+\.ndjson\.gz(?: line \d+)?|"number": \d+'
)
LAX = RULE | {"threshold": "80"}
RADIO = {"indicator": "radio_availability", "method": "samples", "period": "campaign", "weight": None}
RULES = [
    LAX,
    RULE | {"id": "Q-1", "rule": "Q", "period": "quarter", "threshold": "95"},
    RULE | RADIO | {"id": "R-1", "rule": "R", "threshold": "95"},
]


@pytest.fixture(scope="module")
def world():
    made = make_world(7)
    entries = sorted([*made.entries, *measured_and_found()], key=lambda one: one.received_ms)
    return replace(made, registry=with_unit(made.registry), entries=entries)


def measured_and_found():
    """An enterprise's measurement with its correction, one of the Department's campaign, and a finding on site."""
    begin, end = (CALENDAR.format(CALENDAR.start_of(day)) for day in (DAY, LAST))
    shared = {"service": "mobile_voice", "indicator": "radio_availability", "unit": "06001"}
    counts = shared | {"period": {"from": begin, "to": end}, "denominator": 100}
    emf = {"station": "PER-0", "kind": "emf", "result": "pass", "inspector": "An"}
    sent = [
        ("PER", "PER/oss", "PER", "measurement", counts | {"numerator": 93}),
        ("PER", "PER/oss", "PER", "measurement", counts | {"numerator": 94, "replaces": "x0"}),
        ("department", "department/c1", "TRA", "measurement", counts | {"numerator": 97}),
        ("department", "department/inspections", "PER-0", "inspection", emf),
    ]
    for number, (reporter, source, subject, kind, data) in enumerate(sent):
        event = {
            "specversion": "1.0",
            "id": f"x{number}",
            "source": source,
            "subject": subject,
            "time": end,
            "type": f"btswatch.{kind}.v1",
            "data": data,
        }
        track = Track.MEASURED if reporter == "department" else Track.DECLARED
        at = CALENDAR.start_of(LAST) + HOUR + number
        yield entry_of(event, received_ms=at, track=track, reporter=reporter)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, kafka, postgres, world):
    """All of it in the ledger and the archive; days are open."""
    root = tmp_path_factory.mktemp("cluster")
    made = Cluster(root, kafka.bootstrap, "both.", world.registry, ledger={"url": postgres.new_database()})
    (root / "rules").mkdir()
    (root / "rules" / "a.yaml").write_text(yaml.safe_dump({"about": "a test", "rules": RULES}))
    made.settings_path.write_text('rules = "rules"\n' + made.settings_path.read_text())
    made.settings = Settings.load(made.settings_path, {})
    made.append(world.entries)
    sinks = [made.forwarder(), made.worker(), made.sink("ledger"), made.sink("archive")][2:]
    made.settle(120)
    for one in sinks:
        assert one.stop() == 0, one.last_lines()
    yield made
    made.close()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory, cluster, world):
    root = tmp_path_factory.mktemp("embedded")
    for name in ("registry", "rules"):
        shutil.copytree(cluster.root / name, root / name)
    live_through(root / "data", replace(world, registry=cluster.registry))
    (root / "data" / "mode").write_text("production\n")
    path = root / "btswatch.toml"
    path.write_text('rules = "rules"\nregistry = "registry"\ndata = "data"\n')
    return path


@pytest.fixture(scope="module")
def told(cluster):
    """What workers told of running months and quarters while days were open, and what the ledger's days say to it."""
    rules, ledger = load_rules(cluster.root / "rules"), ledger_of(cluster.settings, cluster.directory)
    ledger.open()
    with ledger.reading() as connection:
        zone = cluster.settings.zone
        found = told_and_expected(connection, cluster.registry, rules, "2026-Q4", "2026-11", zone)
        forces = {
            (one.period, one.content["force"])
            for one in findings_of(connection, "PER", 0)
            if one.finding == "verdict"
        }
    ledger.close()
    return *found, forces


@pytest.fixture(scope="module")
def both(embedded, cluster, told):
    """Settings of both, with all days closed."""
    for path in (embedded, cluster.settings_path):
        settings = Settings.load(path, {})
        days = close_due(settings, DataDirectory(settings.data), cluster.registry, lambda: NOW)
        assert days[-1] == LAST
    return embedded, cluster.settings_path


@pytest.fixture
def answers(both, capsys):
    """A command's exit code and words on each; the chain's heads differ, as the moments of its entries do."""

    def ask(*words):
        found = []
        for path in both:
            code = run([*words, "--settings", str(path)])
            out, err = (text.replace(str(path.parent), "ROOT") for text in capsys.readouterr())
            found.append((code, DIFFERS.sub("...", out), DIFFERS.sub("...", err)))
        return found

    return ask


def test_workers_told_what_the_ledgers_days_say(told):
    found, expected, forces = told
    assert len(found) == 4
    assert found == expected
    assert forces == {("month", "operational"), ("quarter", "legal")}


def test_the_closed_days_have_no_more_time_than_workers_counted(told, both, cluster):
    """The quarter began unwatched, and an element that no feed tells of is there too: both were unknown to workers."""
    rules, ledger = load_rules(cluster.root / "rules"), ledger_of(cluster.settings, cluster.directory)
    ledger.open()
    with ledger.reading() as connection:
        zone = cluster.settings.zone
        _, closed = told_and_expected(connection, cluster.registry, rules, "2026-Q4", "2026-11", zone)
    ledger.close()
    counted, official = ([one["seconds"]["total"] for one in found] for found in (told[0], closed))
    assert counted == official


@pytest.mark.parametrize(
    "words",
    [
        ("verdicts", "--period", str(DAY), "--json"),
        ("verdicts", "--period", "2026-Q4", "--provisional"),
        ("measurements", "list", "--all"),
        ("inspections", "list"),
        ("reconcile", str(DAY), "--json"),
        ("reconcile", str(DAY), "--scope", "element"),
        ("reconcile", str(DAY), "--findings", "--json"),
        ("worst", str(DAY), "--json"),
        ("duties", "reports", "--on", "2027-02-01"),
        ("duties", "certificates", "--on", "2027-02-01"),
        ("duties", "heartbeats", str(FIRST), "--all"),
        ("duties", "notices", str(LAST)),
        ("period", "show", str(DAY)),
        ("explain", f"PER-0@{DAY}", "--bytes", "--json"),
        ("explain", f"MOVED@{DAY}"),
        ("explain", f"TRA@{DAY}"),
        ("explain", f"TRA@{DAY}", "--json"),
        ("ledger", "verify"),
    ],
    ids=" ".join,
)
def test_the_cluster_answers_as_the_embedded_form_does(answers, words):
    embedded, cluster = answers(*words)
    assert embedded == cluster
    assert embedded[0] == 0
    assert embedded[1]


def test_what_was_measured_is_judged_on_both_by_the_same_counts(answers):
    for code, out, _ in answers("verdicts", "--period", str(DAY)):
        lines = [line.split() for line in out.splitlines() if "radio_availability" in line]
        assert code == 0
        assert [(line[0], line[2]) for line in lines] == [("PER", "fail"), ("TRA", "pass")]
        assert "94 percent share of samples, 100 (declared)" in " ".join(lines[0])
        assert "97 percent share of samples, 100 (campaign department/c1)" in " ".join(lines[1])


def test_rebuild_gives_a_lost_day_again_and_the_same_on_both(both, capsys):
    of_both = []
    for path in both:
        settings = Settings.load(path, {})
        ledger = ledger_of(settings, DataDirectory(settings.data))
        ledger.open()
        before = content_of(ledger, FIRST)
        assert min(len(before[name]) for name in ("day_figures", "transitions", "feed_days")) > 0
        with ledger.writing() as connection:
            for table in DERIVED:
                connection.execute(delete(table).where(table.c.day == FIRST))
        words = ["rebuild", "ledger", "--from", str(FIRST), "--to", str(DAY), "--settings", str(path)]
        assert run(words) == 0
        assert f"{FIRST}  1/1  official: 12 rows written, 0 kept" in capsys.readouterr().err
        assert content_of(ledger, FIRST) == before
        assert run(words) == 0
        assert "0 rows written, 12 kept" in capsys.readouterr().err
        assert run(["ledger", "verify", "--settings", str(path)]) == 0
        of_both.append(before)
        ledger.close()
    assert of_both[0] == of_both[1]


def content_of(ledger, day):
    with ledger.reading() as connection:
        rows = {
            table.name: connection.execute(select(table).where(table.c.day == day)).mappings().all()
            for table in DERIVED
        }
    return {
        name: sorted(repr({key: row[key] for key in row if key != "revision"}) for row in found)
        for name, found in rows.items()
    }


def test_what_a_worker_refuses_says_where_it_stood_and_is_put_back_to_it_alone(cluster, both, capsys):
    kafka, no_record = cluster.settings.kafka, b'{"enterprise":"PER","as_of":"2026-11-03T00:00:00Z"}'
    others = no_record.replace(b"2026-11-03", b"2026-11-04")
    send(
        kafka,
        "figures",
        {"partition": 0, "key": b"PER-0", "value": b"{"},
        {"partition": 0, "key": b"PER-0", "value": others, "headers": [("replay-to", b"influx")]},
        {"partition": 0, "key": b"PER-0", "value": no_record},
    )

    def letters(count):
        def ours(found):
            return [one for one in map(as_letter, found) if one.get("entrance") == "compliance"]

        return ours(records_of(kafka, "deadletter", lambda found: len(ours(found)) == count, 60))

    first, second = letters(2)
    assert (first["topic"], second["topic"]) == ("figures", "enterprise_figures")
    assert run(["dlq", "replay", f"k{second['number']}", "--settings", str(both[1])]) == 0
    assert "to compliance, in enterprise_figures/" in capsys.readouterr().out
    again = letters(3)[-1]
    assert (again["topic"], again["body"]) == (second["topic"], second["body"])
    assert again["offset"] > second["offset"]
    passed_on = records_of(
        kafka, "enterprise_figures", lambda found: found[-1:] and no_record in values(found)
    )
    assert values(passed_on).count(no_record) == 2
    assert others not in values(passed_on)


def as_letter(record):
    return json.loads(record.value) | {"number": record.offset}


def values(records):
    """What stands in them, one a line where a message holds many."""
    return [line for one in records for line in one.value.split(b"\n")]


def test_what_people_decide_has_the_same_effect_on_both(answers):
    at = [f"{LAST}T{hour}:00:00+07:00" for hour in ("08", "11")]
    objection = ("raise", "PER-0", "--enterprise", "PER", "--from", at[0], "--to", at[1], "--claim", "up")
    for words in (
        ("objection", *objection, "--evidence", "a log", "--by", "An"),
        ("objection", "list"),
        ("objection", "rule", "1", "--uphold", "--by", "Binh", "--ruling", "shown by the log"),
        ("verdicts", "--period", str(LAST), "--json"),
        ("period", "restate", "TRA-0", str(LAST), "--by", "An", "--reason", "late evidence"),
        ("period", "close", str(LAST), "--by", "An"),
        ("period", "show", str(LAST)),
        ("verdicts", "--period", str(LAST), "--json"),
        ("explain", f"PER-0@{LAST}"),
        ("ledger", "verify"),
    ):
        embedded, cluster = answers(*words)
        assert without_moments(embedded) == without_moments(cluster)
        assert embedded[0] == 0, (words, embedded)


def without_moments(answer):
    """A restated row holds the moment, and so does the day's new root."""
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s\"]*|root sha256:\w+", "...", repr(answer))
