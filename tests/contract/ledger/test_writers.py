import threading
from datetime import date

import pytest
from sqlalchemy.exc import SQLAlchemyError

from schemas.status import Reading
from stores.ledger import Ledger, LedgerClosedError
from stores.ledger.devices import DeviceHealth, devices, save_devices
from stores.ledger.history import Transition, replace_transitions, transitions_of
from stores.ledger.positions import position, save_position

DAY = date(2026, 11, 2)


def in_threads(*works):
    failed = []

    def guarded(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_what_a_writer_reads_holds_until_its_transaction_ends(ledger):
    def count_up():
        for _ in range(20):
            with ledger.writing() as connection:
                save_position(connection, "engine", position(connection, "engine") + 1, 1)

    in_threads(*[count_up] * 4)
    with ledger.reading() as connection:
        assert position(connection, "engine") == 80


def test_writers_of_several_processes_never_meet_in_a_deadlock(ledger):
    """Closing, sink and pollers write the same tables, each in an order of its own."""
    other = Ledger(ledger.url)
    other.open()
    names = [f"S{number}" for number in range(12)]
    down = [Transition("", 1, Reading.UP, Reading.DOWN)]

    def write(through, ordered):
        for round_ in range(8):
            with through.writing() as connection:
                replace_transitions(connection, {(name, DAY): down for name in ordered})
                save_devices(
                    connection,
                    [
                        DeviceHealth(name, "poller-1", "answered", 1, 1, 1, 0, None, round_)
                        for name in ordered
                    ],
                )

    in_threads(
        lambda: write(ledger, names),
        lambda: write(other, names[::-1]),
        lambda: write(other, names[6:] + names[:6]),
    )
    with other.reading() as connection:
        assert len(devices(connection)) == len(names)
        assert all(len(transitions_of(connection, name, 0, 9)) == 1 for name in names)
    other.close()


def test_a_reading_sees_one_moment_whatever_is_written_meanwhile(ledger):
    with ledger.reading() as reader:
        assert position(reader, "engine") == 0
        with ledger.writing() as connection:
            save_position(connection, "engine", 5, 1)
            save_position(connection, "archive", 5, 1)
        assert (position(reader, "engine"), position(reader, "archive")) == (0, 0)
    with ledger.reading() as reader:
        assert (position(reader, "engine"), position(reader, "archive")) == (5, 5)


@pytest.mark.service
def test_a_reading_can_t_write_on_postgresql(ledger_databases):
    url = ledger_databases.take()
    ledger = Ledger(url)
    ledger.open()
    with ledger.reading() as connection, pytest.raises(SQLAlchemyError, match="read-only"):
        save_position(connection, "engine", 5, 1)
    ledger.close()
    ledger_databases.give_back(url)


def test_one_that_is_opened_when_it_is_used_is_so_until_it_is_closed(new_ledger):
    ledger = Ledger(new_ledger())
    ledger.open_when_used()
    assert not ledger.is_open
    with ledger.reading() as connection:
        assert position(connection, "engine") == 0
    assert ledger.is_open
    ledger.close()
    with pytest.raises(LedgerClosedError), ledger.reading():
        pass
