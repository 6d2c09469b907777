"""Could the poller see at all? Decides whether silence is a device's or the poller's own: pure, the clock is an argument.

A silent poll waits `settle_ms`. Then the witnesses are heard: what canaries and the other agents on the same path (an
enterprise's network as seen from here), and all agents together, did to polls that were sent since. When they were
silent too, the vantage is blind there and the silence says nothing. What the words mean is in docs/reference/polling.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

_NEVER = -(2**62)
EVERYWHERE = "*"
"""The path that all agents and canaries belong to."""


class Verdict(Enum):
    """What a silent poll means."""

    SILENT = auto()
    """Others were heard (or nobody can tell): it is the device."""
    BLIND = auto()
    """The poller could not see: nothing is known."""


class Sight(Enum):
    """What a path's witnesses say."""

    SEES = auto()
    BLIND = auto()
    UNDECIDED = auto()
    """Too few were asked."""


class Reason(Enum):
    """What says that a path is blind."""

    PEERS = "peers"
    CANARIES = "canaries"


@dataclass(frozen=True, slots=True)
class VantageRules:
    """When a path is blind: at least `min_peers` were asked and `silent_share` of them kept silent.

    `lookback_ms` is how far back witnesses are looked for where too few were asked since the silence.
    """

    settle_ms: int = 10_000
    lookback_ms: int = 90_000
    min_peers: int = 4
    silent_share: float = 0.8


@dataclass(frozen=True, slots=True)
class Impairment:
    """A path the vantage can't see along, since when (the first silent poll's sending), and what says so."""

    path: str
    since_ms: int
    reason: Reason
    silent: int
    peers: int


@dataclass(frozen=True, slots=True)
class _Heard:
    sent_ms: int
    answered: bool


@dataclass(slots=True)
class _Path:
    peers: dict[str, _Heard] = field(default_factory=dict)
    canaries: dict[str, _Heard] = field(default_factory=dict)
    impairment: Impairment | None = None
    clear_from_ms: int = _NEVER
    """Silence of polls sent before this fell into an impairment and stays unknown."""

    def anybody_answered(self, since_ms: int) -> bool:
        return any(each.answered for heard in (self.peers, self.canaries) for each in _since(heard, since_ms))

    def clear(self, now_ms: int) -> None:
        self.impairment = None
        self.clear_from_ms = now_ms


@dataclass(slots=True)
class Vantage:
    """What was heard of late, per path. One per poller."""

    rules: VantageRules = field(default_factory=VantageRules)
    _paths: dict[str, _Path] = field(default_factory=dict)

    def know(self, path: str, device: str) -> None:
        """A device that is polled: it can be asked as a witness also before its first turn."""
        for name in {path, EVERYWHERE}:
            self._path(name).peers.setdefault(device, _Heard(_NEVER, answered=False))

    def heard(self, path: str, device: str, sent_ms: int, *, answered: bool) -> None:
        """A poll of a device ended, with an answer or in silence. Polls that were not done properly are not told."""
        for name in {path, EVERYWHERE}:
            self._path(name).peers[device] = _Heard(sent_ms, answered)

    def canary(self, path: str, address: str, sent_ms: int, *, answered: bool) -> None:
        """A canary was asked; `path` is EVERYWHERE for one that stands for no enterprise's network."""
        self._path(path).canaries[address] = _Heard(sent_ms, answered)

    def forget(self, device: str) -> None:
        """The device is polled no more."""
        for path in self._paths.values():
            path.peers.pop(device, None)

    def witnesses(self, path: str, device: str, sent_ms: int) -> list[str]:
        """Peers worth asking now, when too few on the path were polled since `sent_ms`; those that answer first."""
        peers = self._path(path).peers
        lacking = self.lacking(path, device, sent_ms)
        if not lacking:
            return []
        idle = ((id_, heard) for id_, heard in peers.items() if heard.sent_ms < sent_ms and id_ != device)
        ordered = sorted(idle, key=lambda each: (not each[1].answered, each[1].sent_ms, each[0]))
        return [id_ for id_, _ in ordered[:lacking]]

    def lacking(self, path: str, device: str, sent_ms: int) -> int:
        """How many peers on the path have yet to be heard of polls sent since `sent_ms`."""
        heard = sum(1 for _ in _since(self._path(path).peers, sent_ms, device))
        return max(0, self.rules.min_peers - heard)

    def judge(self, path: str, device: str, sent_ms: int, now_ms: int) -> Verdict:
        """What the silence of a poll sent at `sent_ms` means; ask `settle_ms` after it was known, not before.

        The path's own witnesses come first; where they are too few, everybody's.
        """
        sight = self._look(path, device, sent_ms, now_ms)
        if sight is Sight.UNDECIDED:
            sight = self._look(EVERYWHERE, device, sent_ms, now_ms)
        return Verdict.BLIND if sight is Sight.BLIND else Verdict.SILENT

    def review(self, now_ms: int) -> None:
        """Look whether impaired paths can be seen along again: call it every second or so."""
        for path in self._paths.values():
            if path.impairment:
                since = max(path.impairment.since_ms, now_ms - self.rules.settle_ms)
                sight, *_ = self._hear(path, "", since, since)
                if sight is not Sight.BLIND and path.anybody_answered(since):
                    path.clear(now_ms)

    def impairments(self) -> Mapping[str, Impairment]:
        """The paths that are blind now."""
        return {name: path.impairment for name, path in self._paths.items() if path.impairment}

    def _look(self, name: str, device: str, sent_ms: int, now_ms: int) -> Sight:
        path = self._path(name)
        sight, reason, silent, peers = self._hear(path, device, sent_ms, now_ms - self.rules.lookback_ms)
        if sight is Sight.BLIND:
            since = min(sent_ms, path.impairment.since_ms) if path.impairment else sent_ms
            path.impairment = Impairment(name, since, reason, silent, peers)
        elif path.impairment:
            # An impairment ends by an answer, never by a lack of witnesses.
            if not path.anybody_answered(sent_ms):
                return Sight.BLIND
            path.clear(now_ms)
        return Sight.BLIND if sent_ms < path.clear_from_ms else sight

    def _hear(
        self, path: _Path, device: str, since_ms: int, lookback_from_ms: int
    ) -> tuple[Sight, Reason, int, int]:
        peers = list(_since(path.peers, since_ms, device))
        if len(peers) < self.rules.min_peers:
            peers = list(_since(path.peers, lookback_from_ms, device))
        silent = sum(not heard.answered for heard in peers)
        found = Reason.PEERS, silent, len(peers)
        if any(heard.answered for heard in _since(path.canaries, since_ms)):
            return Sight.SEES, *found
        if len(peers) >= self.rules.min_peers:
            return Sight.BLIND if silent >= self.rules.silent_share * len(peers) else Sight.SEES, *found
        canaries = list(_since(path.canaries, lookback_from_ms))
        if canaries and not any(heard.answered for heard in canaries):
            return Sight.BLIND, Reason.CANARIES, len(canaries), len(canaries)
        return Sight.UNDECIDED, *found

    def _path(self, name: str) -> _Path:
        return self._paths.setdefault(name, _Path())


def _since(heard: Mapping[str, _Heard], since_ms: int, but: str = "") -> Iterator[_Heard]:
    return (each for id_, each in heard.items() if each.sent_ms >= since_ms and id_ != but)
