"""The clocks of the engines that send us SNMPv3 traps, so that an old message can't be played again.

RFC 3414 section 3.2.7b, and beyond it: within the time window a message counts once. The first message of an engine
sets its clock, since a trap leaves no way to ask.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

from ingest.snmp.authoritative import MAX_BOOTS, TIME_WINDOW_S
from ingest.snmp.message import UsmParameters

MAX_ENGINES = 65_536
# Messages of one engine remembered within the window: 27 a second.
MAX_RECENT = 4_096


class Timeliness(StrEnum):
    """What a verified message's boots and time say."""

    FRESH = "fresh"
    REPEATED = "repeated"
    STALE = "stale"


@dataclass(slots=True)
class _Clock:
    boots: int
    engine_time: int
    at_ms: int
    recent: "OrderedDict[bytes, int]" = field(default_factory=OrderedDict)

    def now(self, at_ms: int) -> int:
        """Its engine time, as far as is known here."""
        return self.engine_time + max(0, at_ms - self.at_ms) // 1000


class Clocks:
    """Boots, time and recent messages by engine ID; the longest silent engine is forgotten first."""

    def __init__(self, max_engines: int = MAX_ENGINES) -> None:
        self._max_engines = max_engines
        self._clocks: OrderedDict[bytes, _Clock] = OrderedDict()

    def check(self, usm: UsmParameters, at_ms: int) -> Timeliness:
        """Judge a message whose MAC was verified, received at `at_ms`, and set the engine's clock by it."""
        clock = self._clocks.get(usm.engine_id)
        if clock is None:
            clock = self._learn(usm, at_ms)
        if usm.boots == MAX_BOOTS or usm.boots < clock.boots:
            return Timeliness.STALE
        if usm.boots == clock.boots and usm.engine_time < clock.now(at_ms) - TIME_WINDOW_S:
            return Timeliness.STALE
        if usm.boots > clock.boots:
            clock.recent.clear()
        if (usm.boots, usm.engine_time) > (clock.boots, clock.engine_time):
            clock.boots, clock.engine_time, clock.at_ms = usm.boots, usm.engine_time, at_ms
        self._clocks.move_to_end(usm.engine_id)
        return self._once(clock, usm, at_ms)

    def once(self, usm: UsmParameters, at_ms: int) -> Timeliness:
        """Only whether it was here before: for messages whose time was checked by us as the authoritative engine."""
        clock = self._clocks.get(usm.engine_id) or self._learn(usm, at_ms)
        if usm.boots != clock.boots:
            clock.recent.clear()
        clock.boots, clock.engine_time, clock.at_ms = usm.boots, usm.engine_time, at_ms
        self._clocks.move_to_end(usm.engine_id)
        return self._once(clock, usm, at_ms)

    def _learn(self, usm: UsmParameters, at_ms: int) -> _Clock:
        clock = self._clocks[usm.engine_id] = _Clock(usm.boots, usm.engine_time, at_ms)
        if len(self._clocks) > self._max_engines:
            self._clocks.popitem(last=False)
        return clock

    @staticmethod
    def _once(clock: _Clock, usm: UsmParameters, at_ms: int) -> Timeliness:
        if usm.mac in clock.recent:
            return Timeliness.REPEATED
        oldest = clock.now(at_ms) - 2 * TIME_WINDOW_S
        while clock.recent and (
            len(clock.recent) >= MAX_RECENT or next(iter(clock.recent.values())) < oldest
        ):
            clock.recent.popitem(last=False)
        clock.recent[usm.mac] = usm.engine_time
        return Timeliness.FRESH

    def dump(self) -> object:
        """All of it as JSON values."""
        return {
            engine.hex(): [
                clock.boots,
                clock.engine_time,
                clock.at_ms,
                [[mac.hex(), at] for mac, at in clock.recent.items()],
            ]
            for engine, clock in self._clocks.items()
        }

    def load(self, dumped: str) -> None:
        """Take over what `dump` gave, as JSON text.

        Raises:
            ValueError: it is something else.
        """
        try:
            self._clocks = OrderedDict(
                (
                    bytes.fromhex(engine),
                    _Clock(
                        int(boots),
                        int(engine_time),
                        int(at_ms),
                        OrderedDict((bytes.fromhex(mac), int(at)) for mac, at in recent),
                    ),
                )
                for engine, (boots, engine_time, at_ms, recent) in json.loads(dumped).items()
            )
        except (AttributeError, TypeError) as error:
            raise ValueError("these are no clocks") from error
