"""`btswatch sink ledger`: the workers' results from their topics into the ledger, for console, reports and closing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, NoReturn

import structlog

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.ledger_feeds import newly_silent
from processors.sinks.ledger_messages import TOPICS, Item, UnreadableError, item_of
from processors.sinks.ledger_store import store
from processors.sinks.port import Message, TargetRefusedError, TargetUnavailableError
from schemas.cluster_metrics import LEDGER_ENGINE_TIME
from schemas.registry import Enterprise
from schemas.time import LocalCalendar
from stores.ledger import Ledger, feeds, history, positions
from stores.ledger.positions import ENGINE
from stores.ledger.trouble import TROUBLE, in_a_line, is_refusal, is_unstorable

__all__ = ["TOPICS", "UNSTORABLE", "LedgerSink"]

UNSTORABLE: Final = "unstorable"
"""Dead letters' code of what the database can't hold."""
# What only time changes: a silence that begins or ends.
_LOOK_MS: Final = 5_000
# No message lives so long in Kafka: what tells old ones from new is needed no more.
_KEPT: Final = timedelta(days=14)
_DAY_MS: Final = 86_400_000


class LedgerSink:
    """Writes each batch in one transaction.

    Args:
        ledger: opened and closed here.
        enterprises: whose feeds are watched.
        calendar: the local days.
        dead_letters: takes what can't be stored.
        told: called after each transaction: rings the console's doorbell.
    """

    def __init__(
        self,
        ledger: Ledger,
        enterprises: Mapping[str, Enterprise],
        calendar: LocalCalendar,
        dead_letters: DeadLetters,
        told: Callable[[], object],
    ) -> None:
        self._ledger = ledger
        self._enterprises = enterprises
        self._calendar = calendar
        self._dead_letters = dead_letters
        self._told = told
        self._looked_ms = 0
        self._tidied_ms = 0

    def open(self) -> None:
        """Connect and meet the schema."""
        try:
            self._ledger.open()
        except TROUBLE as error:
            _give_up(error)

    def write(self, messages: Sequence[Message]) -> None:
        """Write what can be written; the rest goes to the dead letters."""
        read: list[tuple[Message, Item]] = []
        for message in messages:
            try:
                read.append((message, item_of(message)))
            except UnreadableError as error:
                self._put_aside(message, error.code, error.detail)
        self._write(read)
        self._told()

    def idle(self, now_ms: int) -> None:
        """Look whether a feed fell silent; forget what old messages needed."""
        try:
            if now_ms - self._looked_ms >= _LOOK_MS:
                self._look_at_feeds()
                self._looked_ms = now_ms
            if now_ms - self._tidied_ms >= _DAY_MS:
                self._tidy()
                self._tidied_ms = now_ms
        except TROUBLE as error:
            _give_up(error)

    def close(self) -> None:
        """Give the connections back."""
        self._ledger.close()

    def _write(self, read: Sequence[tuple[Message, Item]]) -> None:
        """All in one transaction; where a row can't be stored, in halves, until it is alone."""
        if not read:
            return
        try:
            with self._ledger.writing() as connection:
                store(connection, [item for _, item in read], self._enterprises)
                engine_ms = positions.saved_ms(connection, ENGINE)
        except (*TROUBLE, OverflowError) as error:
            if not is_unstorable(error):
                _give_up(error)
            if len(read) == 1:
                self._put_aside(read[0][0], UNSTORABLE, in_a_line(error))
                return
        else:
            LEDGER_ENGINE_TIME.gauge().set(engine_ms / 1000)
            return
        middle = len(read) // 2
        self._write(read[:middle])
        self._write(read[middle:])

    def _put_aside(self, message: Message, code: str, detail: str) -> None:
        self._dead_letters.send(message, code, detail)
        structlog.get_logger().warning(
            "message put aside",
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            code=code,
            detail=detail,
        )

    def _tidy(self) -> None:
        with self._ledger.writing() as connection:
            # By engine time: after a long stop days may be old by the clock whose messages are still to come.
            engine_day = self._calendar.day_of(positions.saved_ms(connection, ENGINE))
            history.forget_told_before(connection, engine_day - _KEPT)

    def _look_at_feeds(self) -> None:
        with self._ledger.reading() as connection:
            known = feeds.feeds_health(connection)
            engine_ms = positions.saved_ms(connection, ENGINE)
        if not newly_silent(known.values(), self._enterprises, engine_ms):
            return
        with self._ledger.writing() as connection:
            # Read again: another of our kind may have written since.
            known = feeds.feeds_health(connection)
            changed = newly_silent(known.values(), self._enterprises, engine_ms)
            feeds.save_feeds(connection, changed)
        self._told()


def _give_up(error: BaseException) -> NoReturn:
    refused = TargetRefusedError if is_refusal(error) else TargetUnavailableError
    raise refused(f"ledger: {in_a_line(error)}") from error
