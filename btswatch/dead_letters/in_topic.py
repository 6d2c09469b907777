"""Dead letters of the cluster: what forwarder, workers and sinks put into the topic `deadletter`.

Events go back into the journal of this machine, from where the forwarder sends them on as it does all others. A result
that a sink could not take is sent to that sink once more, as it stood in its topic; where a newer one of the same
thing has followed, there is nothing left to put back.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from btswatch.dead_letters.letter import Filter, Letter, LetterError, PutBack, Settlement
from btswatch.dead_letters.received_again import received_again
from schemas.dead_letters import REPLAY_TO, DeadLetter, Settled
from schemas.time import from_ms, to_ms
from stores.journal import Action, Journal, Outcome
from stores.kafka.letter_log import FencedError, LetterLog, Record

_EVIDENCE: Final = "evidence"
_CUT: Final = re.compile(r"\(cut from \d+ bytes\)$")
_TAKEN: Final = "somebody has dealt with it already"
_ELSEWHERE: Final = "its events go back through a journal: run it where gateway, pollers and forwarder run"
# What a message is about, beside its key: a later one about the same replaces it.
_ABOUT: Final = ("day", "scope", "id", "period", "from", "subject", "rule", "reporter", "partition", "number")


class TopicLetters:
    """The topic's letters.

    Args:
        log: opened by the caller.
        journal: opened; None where this machine has none.
        closed: whether the local day that holds an instant is closed.
        now_ms: the clock.
    """

    def __init__(
        self,
        log: LetterLog,
        journal: Journal | None,
        closed: Callable[[int], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._log = log
        self._journal = journal
        self._closed = closed
        self._now_ms = now_ms

    def letters(self, wanted: Filter) -> Iterator[Letter]:
        """See `Letters`."""
        settled = self._log.settled()
        for number, letter in self._log.letters():
            shown = _shown(number, letter, settled)
            if wanted.holds(shown):
                yield shown

    def find(self, number: int) -> Letter | None:
        """See `Letters`."""
        letter = self._log.letter(number)
        return None if letter is None else _shown(number, letter, self._log.settled())

    def replay(self, number: int, actor: str) -> PutBack:
        """See `Letters`."""
        letter = self._open(number)
        if letter.topic in (None, _EVIDENCE):
            done = self._to_journal(number, letter)
            if done.taken:
                self._settle(number, "replayed", actor, done.said)
            return done
        record = self._original(letter)
        if any(_about(one.value) == _about(record.value) for one in self._log.after(record)):
            said = "a newer message about the same has followed: nothing was left to put back"
            self._settle(number, "replayed", actor, said)
            return PutBack(taken=True, said=said)
        said = f"to {letter.entrance}, in {record.topic}/{record.partition}"
        self._settle(number, "replayed", actor, said, _addressed(record, letter.entrance))
        return PutBack(taken=True, said=said)

    def drop(self, number: int, actor: str, reason: str) -> None:
        """See `Letters`."""
        self._open(number)
        self._settle(number, "dropped", actor, reason)

    def _open(self, number: int) -> DeadLetter:
        """The letter, in a turn of ours: what others did before it is seen, what they do after it fails."""
        self._log.take_turn()
        letter = self._log.letter(number)
        if letter is None or number in self._log.settled():
            raise LetterError(_TAKEN)
        return letter

    def _settle(
        self, number: int, action: Action, actor: str, note: str, again: Record | None = None
    ) -> None:
        told = Settled(letter=number, action=action, at=from_ms(self._now_ms()), by=actor, note=note[:1000])
        try:
            self._log.settle(told, again)
        except FencedError as error:
            raise LetterError(str(error)) from error

    def _to_journal(self, number: int, letter: DeadLetter) -> PutBack:
        if self._journal is None:
            raise LetterError(_ELSEWHERE)
        if _CUT.search(letter.detail):
            raise LetterError(
                "only its beginning was kept: it is in the journals' archive, or has to be sent again"
            )
        entries = []
        for place, line in enumerate(_lines(letter.body)):
            # Broken off between the journal and the topic, it is taken once all the same.
            entry = received_again(line, self._now_ms(), self._closed, identity=f"{number}/{place}")
            if isinstance(entry, str):
                return PutBack(taken=False, said=f"invalid: {entry}")
            entries.append(entry)
        answers = self._journal.append(entries)
        accepted = sum(one.outcome is Outcome.ACCEPTED for one in answers)
        said = f"{accepted} of {len(answers)} events to the journal, from where they are forwarded"
        return PutBack(taken=True, said=said)

    def _original(self, letter: DeadLetter) -> Record:
        topic, partition, offset = letter.topic, letter.partition, letter.offset
        found = (
            None
            if topic is None or partition is None or offset is None
            else self._log.record(topic, partition, offset)
        )
        if found is None:
            raise LetterError(
                f"{topic} no longer has what it was about: `btswatch rebuild` makes the target's content anew"
            )
        return found


def _shown(number: int, letter: DeadLetter, settled: Mapping[int, Settled]) -> Letter:
    done = settled.get(number)
    return Letter(
        id=f"k{number}",
        at_ms=to_ms(letter.at),
        entrance=letter.entrance,
        reporter=letter.reporter,
        code=str(letter.code),
        detail=letter.detail,
        body=letter.body,
        place=None if letter.topic is None else f"{letter.topic}/{letter.partition}/{letter.offset}",
        truncated=_CUT.search(letter.detail) is not None,
        settled=None if done is None else Settlement(done.action, to_ms(done.at), done.by, done.note),
    )


def _lines(body: bytes) -> list[bytes]:
    """A batch's events one by one, byte for byte where it is one event."""
    if not body.lstrip().startswith(b"["):
        return [body]
    try:
        events = json.loads(body)
    except ValueError:
        return [body]
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in events]


def _about(value: bytes) -> dict[str, Any] | bytes:
    try:
        content = json.loads(value)
    except ValueError:
        return value
    if not isinstance(content, dict):
        return value
    inner = content.get("figure")
    fields = {**content, **inner} if isinstance(inner, dict) else content
    return {name: fields.get(name) for name in _ABOUT}


def _addressed(record: Record, entrance: str) -> Record:
    headers = tuple(one for one in record.headers if one[0] != REPLAY_TO)
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        (*headers, (REPLAY_TO, entrance.encode())),
        record.at_ms,
    )
