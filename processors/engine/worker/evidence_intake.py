"""A partition's messages of evidence into its session: what counts, what was counted before, what is put aside."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from processors.core.polls import written
from processors.core.province import Taken
from processors.engine.intake import TurnedAway, apply_one
from processors.engine.session import Session
from processors.engine.worker.messages import dead_letter
from processors.engine.worker.polls_together import Events, PollsTogether, Waiting, take_together
from processors.engine.worker.telling import Telling
from processors.engine.worker.wire import Incoming, Kind, UnreadableError, events_of
from schemas.refusal import Refusal
from schemas.topics import partition_of, shard_of

_LOG = structlog.get_logger()
FAILED: Final = "failed"
# Fewer events are taken in sooner one by one.
_BATCH: Final = 8


class EvidenceIntake:
    """Takes events in, each counted once however often its message comes.

    Attributes:
        outcomes: how many events became what, since somebody cleared it.
        newest_ms: when the newest event was received (ms).
        through: the highest journal offset that was taken in, by forwarder and key.

    Args:
        number: which partition of `partitions` it is.
        partitions: how many the topic has.
        through: as it was stored.
        telling: sends the dead letters.
    """

    def __init__(
        self, number: int, partitions: int, through: dict[str, dict[str, int]], telling: Telling
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self.newest_ms = 0
        self.through = through
        self._number = number
        self._partitions = partitions
        self._telling = telling
        self._polls = PollsTogether()

    def take(self, session: Session, kind: Kind, message: Incoming, now_ms: int) -> None:
        """Take a message's events in, or have it wait for others like it.

        Raises:
            UnreadableError: it is none of the topic's.
        """
        through = self.through.setdefault(message.forwarder, {})
        name = message.key.decode("utf-8", "replace")
        known, offsets = through.get(name, -1), message.offsets()
        polls = written(message.value) if kind is Kind.EVIDENCE and len(offsets) >= _BATCH else None
        if polls is None:
            self._apply(session, Waiting(message, offsets, known, ()), events_of(message), now_ms)
        elif len(offsets) != len(polls):
            raise UnreadableError(f"{len(polls)} events with {len(offsets)} offsets")
        else:
            self._polls.add(Waiting(message, offsets, known, polls))
        if kind is not Kind.LIFE:
            through[name] = max(known, *offsets)
        if self._polls.enough:
            self.take_waiting(session, now_ms)

    def take_waiting(self, session: Session, now_ms: int) -> None:
        """Take in what waits; where something in it breaks us, message by message, so that it stops no other."""
        waiting = self._polls.take()
        if not waiting:
            return
        try:
            self._together(session, waiting, now_ms)
        except Exception:  # noqa: BLE001 - whatever it is, the message that it comes of is found and kept
            _LOG.exception("polls broke the worker; taken message by message", partition=self._number)
            for one in waiting:
                try:
                    self._together(session, [one], now_ms)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is kept and stops nobody
                    self.failed(one.message, error, now_ms)

    def _together(self, session: Session, waiting: Sequence[Waiting], now_ms: int) -> None:
        taken = take_together(session, waiting, now_ms)
        self.newest_ms = max(self.newest_ms, taken.newest_ms)
        self.outcomes[Taken.COUNTED.value] += taken.counted
        for one, events in taken.others:
            self._apply(session, one, events, now_ms)

    def _apply(self, session: Session, waiting: Waiting, events: Events, now_ms: int) -> None:
        """Take in events one by one."""
        message, kind = waiting.message, waiting.message.kind
        for entry, event in events:
            self.newest_ms = max(self.newest_ms, entry.received_ms)
            new = kind is not Kind.LIFE and entry.offset > waiting.known
            if kind is Kind.COPY:
                # Every partition has it, one counts it.
                new = new and partition_of(shard_of(entry.reporter), self._partitions) == self._number
            outcome = apply_one(session.province, entry, event)
            if isinstance(outcome, TurnedAway):
                if new:
                    self._turned_away(session, message, outcome, now_ms)
                continue
            session.applied(outcome, now_ms, new=new)
            if new:
                self.outcomes[outcome.taken.value] += 1

    def _turned_away(self, session: Session, message: Incoming, one: TurnedAway, now_ms: int) -> None:
        session.turned_away(one)
        self.outcomes[one.code.value] += 1
        self._letter(message, now_ms, one.entry.reporter, one.code.value, one.detail, one.entry.body)

    def unreadable(self, message: Incoming, error: UnreadableError, now_ms: int) -> None:
        """A message is none of the topic's: keep it with the reason."""
        self._letter(message, now_ms, "", Refusal.MALFORMED.value, str(error), message.value)
        self.outcomes["unreadable"] += 1

    def failed(self, message: Incoming, error: Exception, now_ms: int) -> None:
        """A message broke us, in whatever way: keep it with the reason."""
        _LOG.error(
            "message broke the worker", partition=message.partition, offset=message.offset, exc_info=error
        )
        self._letter(message, now_ms, "", FAILED, f"{type(error).__name__}: {error}", message.value)
        self.outcomes[FAILED] += 1

    def _letter(
        self, message: Incoming, now_ms: int, reporter: str, code: str, detail: str, body: bytes
    ) -> None:
        self._telling.outbox.append(
            dead_letter(message, now_ms or message.at_ms, reporter, code, detail, body)
        )
