"""The ledger's sink over a real PostgreSQL that is killed, stopped, full, slow, locked, and that refuses the login."""

import random
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.ledger import LedgerSink
from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.settings.kafka import KafkaSettings
from stores.ledger import Ledger, Limits, positions
from tests.contract.sinks import results as told
from tests.contract.sinks.results import CALENDAR, ENTERPRISES, START, content

pytestmark = pytest.mark.service


def sink_on(target, **limits):
    sink = LedgerSink(
        Ledger(target, limits=Limits(**limits)),
        ENTERPRISES,
        CALENDAR,
        DeadLetters("ledger", KafkaSettings(), lambda: START),
        lambda: None,
    )
    sink.ledger = sink._ledger
    return sink


def batches_of(seed=1, size=7, minutes=12):
    lanes = told.history(random.Random(seed), minutes)
    flat = [one for lane in lanes for one in lane]
    return [flat[at : at + size] for at in range(0, len(flat), size)]


def insist(work, times=200):
    """As the consumer does: the same again until it is taken; how often it was not."""
    for failed in range(times):
        try:
            work()
        except TargetUnavailableError as error:
            assert not isinstance(error, TargetRefusedError), error  # noqa: PT017 - it may be taken at once
            time.sleep(0.05)  # the consumer pauses too
        else:
            return failed
    raise AssertionError("never taken")


@pytest.fixture
def expected(tmp_path):
    """What an undisturbed sink leaves."""
    sink = sink_on(tmp_path / "undisturbed.db")
    sink.open()
    for batch in batches_of():
        sink.write(batch)
    found = content(sink.ledger)
    sink.close()
    return found


def test_killed_again_and_again_while_batches_are_written_nothing_is_lost_or_doubled(
    postgres_server, expected
):
    sink = sink_on(postgres_server.new_database(), connect_ms=2000)
    sink.open()
    ended, dice, kills = threading.Event(), random.Random(3), []

    def kill():
        while not ended.wait(dice.random() * 0.3) and len(kills) < 4:
            postgres_server.server.kill()
            kills.append(1)
            postgres_server.server.start()

    thread = threading.Thread(target=kill)
    thread.start()
    failures = 0
    try:
        while not failures or thread.is_alive():
            for batch in batches_of():
                failures += insist(lambda batch=batch: sink.write(batch))
    finally:
        ended.set()
        thread.join()
    assert kills
    assert failures
    assert content(sink.ledger) == expected
    sink.close()


def test_an_orderly_restart_between_two_batches_is_not_even_noticed(postgres_server, expected):
    sink = sink_on(postgres_server.new_database())
    sink.open()
    for number, batch in enumerate(batches_of()):
        if number == 3:
            postgres_server.server.restart()
        sink.write(batch)
    assert content(sink.ledger) == expected
    sink.close()


def test_away_at_the_start_and_back_later(postgres_server, expected):
    url = postgres_server.new_database()
    postgres_server.server.stop()
    sink = sink_on(url, connect_ms=2000)
    for _ in range(2):
        with pytest.raises(TargetUnavailableError, match="ledger: ") as away:
            sink.open()
        assert not isinstance(away.value, TargetRefusedError)
    postgres_server.server.start()
    sink.open()
    for batch in batches_of():
        sink.write(batch)
    assert content(sink.ledger) == expected
    sink.close()


def test_a_wrong_password_is_a_refusal_that_a_person_mends(postgres_server):
    url = make_url(postgres_server.new_database())
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE ROLE writer LOGIN PASSWORD 'old'")
        connection.execute(f"ALTER DATABASE {url.database} OWNER TO writer")
    sink = sink_on(url.set(username="writer", password="new"))
    with pytest.raises(TargetRefusedError, match="authentication failed"):
        sink.open()
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("ALTER ROLE writer PASSWORD 'new'")
    sink.open()
    sink.write([told.state()])
    # Rights that are taken away while it runs.
    with psycopg.connect(postgres_server.dsn(url.database), autocommit=True) as connection:
        connection.execute("REASSIGN OWNED BY writer TO btswatch")
    with pytest.raises(TargetRefusedError, match="permission denied"):
        sink.write([told.state(as_of=120_000)])
    sink.close()


def test_a_table_that_is_locked_ends_the_statement_and_the_same_is_taken_later(postgres):
    url = postgres.new_database()
    sink = sink_on(url, statement_ms=300, busy_ms=5000)
    sink.open()
    with psycopg.connect(postgres.dsn(make_url(url).database)) as other:
        other.execute("LOCK TABLE element_state IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TargetUnavailableError, match="statement timeout"):
            sink.write([told.state()])
    sink.write([told.state()])
    assert len(content(sink.ledger)["element_state"]) == 1
    sink.close()


def test_a_writer_that_stands_still_holds_up_the_others_only_so_long(postgres):
    url = postgres.new_database()
    stuck = Ledger(url, limits=Limits(idle_ms=500))
    stuck.open()
    impatient, patient = sink_on(url, busy_ms=100), sink_on(url, busy_ms=10_000)
    impatient.open()
    patient.open()

    def hold():
        with stuck.writing() as connection:
            positions.save_property(connection, "half", "done")
            with pytest.raises(TargetUnavailableError, match="lock timeout"):
                impatient.write([told.state()])
            patient.write([told.state()])
            positions.save_property(connection, "other half", "done")

    with pytest.raises(SQLAlchemyError):
        hold()
    with stuck.writing() as connection:
        assert positions.known_property(connection, "half") is None
    impatient.write([told.state("S2")])
    assert len(content(patient.ledger)["element_state"]) == 2
    for one in (impatient, patient):
        one.close()
    stuck.close()


@pytest.fixture
def small_disk(tmp_path_factory):
    """A file system of a few megabytes that the server's user can write."""
    place = Path("/var/tmp") / f"btswatch-small-{tmp_path_factory.mktemp('small').name}-{time.time_ns()}"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m,mode=0777", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


def test_a_full_disk_stops_the_sink_and_room_lets_it_go_on(postgres_server, small_disk, expected):
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        (small_disk / "space").mkdir(mode=0o700)
        subprocess.run(["chown", "-R", "postgres", str(small_disk / "space")], check=True)
        connection.execute(f"CREATE TABLESPACE small LOCATION '{small_disk / 'space'}'")
        connection.execute("CREATE DATABASE full_one TABLESPACE small")
    url = make_url(postgres_server.new_database()).set(database="full_one")
    sink = sink_on(url)
    sink.open()
    # Others fill what is left.
    filler = small_disk / "filler"
    with filler.open("wb") as other:
        try:
            while True:
                other.write(b"\0" * 8192)
                other.flush()
        except OSError:
            pass
    refused = 0
    for number in range(2_000):
        try:
            sink.write([told.state(f"F{number}"), told.figure(f"F{number}")])
        except TargetUnavailableError as error:
            assert "No space left" in str(error)  # noqa: PT017 - until it happens
            refused += 1
            break
    assert refused, "the disk was never full"
    kept = len(content(sink.ledger)["element_state"])
    assert kept == number
    filler.unlink()
    sink.write([told.state(f"F{number}"), told.figure(f"F{number}")])
    found = content(sink.ledger)
    assert len(found["element_state"]) == len(found["day_figures"]) == number + 1
    sink.close()
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE full_one WITH (FORCE)")
        connection.execute("DROP TABLESPACE small")
