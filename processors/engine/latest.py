"""The last evidence of each element and track, and the state that the screens show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from processors.core.decode import DecodedStatus, parse_any
from schemas.registry import Element
from schemas.status import CODE_OF, Code, Reading, Status, Track
from stores.ledger.province_view import ElementNow

# What an answer reads as.
_READS: Final[Mapping[int, Reading]] = {
    Code.UP: Reading.UP,
    Code.DEGRADED: Reading.DEGRADED,
    Code.DOWN: Reading.DOWN,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence; `line` is its archived form, empty where only the ledger remembers it."""

    at_ms: int
    code: int
    line: bytes = b""


class Latest:
    """What was seen last, by element and track."""

    def __init__(self, known: Mapping[str, ElementNow]) -> None:
        self.shown = dict(known)
        self._seen: dict[tuple[str, str], Evidence] = {}
        self._causes: dict[str, dict[int, str]] = {}
        for state in known.values():
            self._restore(state, "measured", state.measured_at_ms, state.measured_code)
            self._restore(state, "declared", state.declared_at_ms, state.declared_code)

    def take(self, event: DecodedStatus, at_ms: int, line: bytes) -> None:
        """Remember a piece of evidence that counted, if none later is known."""
        code = CODE_OF[Status(event["data"]["status"])]
        self.seen(event["subject"], event["track"], code, at_ms, line)

    def seen(self, element: str, track: str, code: int, at_ms: int, line: bytes) -> None:
        """As `take`, from its parts."""
        key = element, track
        known = self._seen.get(key)
        if known is None or at_ms >= known.at_ms:
            self._seen[key] = Evidence(at_ms, int(code), line)
        if code != Code.UP and b'"cause"' in line:
            cause = _data(line).get("cause")
            if cause:
                self._causes.setdefault(element, {})[at_ms] = str(cause)

    def seen_us(self, element: str, track: Track) -> int:
        """When the latest evidence of the track was observed; 0 where there is none."""
        seen = self._seen.get((element, track))
        return seen.at_ms * 1000 if seen else 0

    def says_the_same(self, event: DecodedStatus, at_ms: int) -> bool:
        """Whether the evidence is the newest of its track and an answer that this track shows already."""
        code = CODE_OF[Status(event["data"]["status"])]
        return self.shows(event["subject"], Track(event["track"]), code, at_ms)

    def shows(self, element: str, track: Track, code: int, at_ms: int) -> bool:
        """As `says_the_same`, from its parts."""
        shown = self.shown.get(element)
        if shown is None or code == Code.NO_RESPONSE:
            return False
        reads = shown.measured if track is Track.MEASURED else shown.declared
        return reads is _READS.get(code) and at_ms * 1000 >= self.seen_us(element, track)

    def causes(self, element: str) -> Mapping[int, str]:
        """Causes by the moment of the evidence that gave them."""
        return self._causes.get(element, {})

    def restore_cause(self, element: str, at_ms: int, cause: str) -> None:
        """A cause that the ledger remembers."""
        self._causes.setdefault(element, {})[at_ms] = cause

    def forget_causes_before(self, at_ms: int) -> None:
        """Causes of days that are no longer read."""
        for element, causes in list(self._causes.items()):
            kept = {at: cause for at, cause in causes.items() if at >= at_ms}
            if kept:
                self._causes[element] = kept
            else:
                del self._causes[element]

    def show(
        self, row: Element, readings: tuple[Reading, Reading, Reading], since_ms: int, now_ms: int
    ) -> bool:
        """Set what is shown of an element; True when its effective state is another than before."""
        known = self.shown.get(row.id)
        status, measured, declared = readings
        if known is not None and (known.status, known.since_ms, known.measured, known.declared) == (
            status,
            since_ms,
            measured,
            declared,
        ):
            return False
        cause = self.causes(row.id).get(since_ms)
        if known is None:
            state = ElementNow(
                element=row.id,
                enterprise=row.enterprise,
                kind=row.kind.value,
                status=status,
                since_ms=since_ms,
                measured=measured,
                declared=declared,
                cause=cause,
                detail=None,
                measured_at_ms=None,
                measured_code=None,
                declared_at_ms=None,
                declared_code=None,
                metrics=None,
                updated_ms=now_ms,
            )
        else:
            keeps = status == known.status and since_ms == known.since_ms
            state = replace(
                known,
                enterprise=row.enterprise,
                status=status,
                since_ms=since_ms,
                measured=measured,
                declared=declared,
                cause=known.cause if keeps else cause,
                updated_ms=now_ms,
            )
        self.shown[row.id] = state
        return known is None or known.status != status or known.since_ms != since_ms

    def state_of(self, element: str, now_ms: int) -> ElementNow:
        """The state with its last evidence, as it is stored."""
        state = self.shown[element]
        measured, declared = self._seen.get((element, "measured")), self._seen.get((element, "declared"))
        newest = max((e for e in (measured, declared) if e and e.line), key=lambda e: e.at_ms, default=None)
        data = _data(newest.line) if newest else {}
        self.shown[element] = replace(
            state,
            detail=data.get("detail") if newest else state.detail,
            metrics=data.get("metrics", state.metrics),
            measured_at_ms=measured.at_ms if measured else None,
            measured_code=measured.code if measured else None,
            declared_at_ms=declared.at_ms if declared else None,
            declared_code=declared.code if declared else None,
            updated_ms=now_ms,
        )
        return self.shown[element]

    def _restore(self, state: ElementNow, track: str, at_ms: int | None, code: int | None) -> None:
        if at_ms is not None and code is not None:
            self._seen[state.element, track] = Evidence(at_ms, code)


def _data(line: bytes) -> dict[str, Any]:
    found = parse_any(line).get("data")
    return found if isinstance(found, dict) else {}
