"""A watched condition between messages, and what the next one makes of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from processors.sinks.notify.observed import Observed
from processors.sinks.notify.phases import Phase, Spell, Stand, walk


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a condition.

    Attributes:
        labels: of its alert.
        facts: for the text, as they were said last.
        partition: whose clock its time runs by.
        before: how it stood before the newest stamp's first change.
        stand: how it stands.
        stamp: the newest that was heard.
        as_of_ms: of the newest message of that stamp.
    """

    labels: Mapping[str, str]
    facts: Mapping[str, str]
    partition: str
    before: Stand
    stand: Stand
    stamp: int
    as_of_ms: int


def watched(
    watch: Watch | None, said: Observed, partition: str, clock_ms: int, for_ms: int
) -> tuple[Watch, tuple[Spell, ...]] | None:
    """The watch after a message, and the spells of its stamp; None where the message is older than what is known."""
    if watch is None:
        before = said.before
    elif (said.stamp, said.as_of_ms) < (watch.stamp, watch.as_of_ms):
        return None
    else:
        before = watch.before if said.stamp == watch.stamp else watch.stand
    found = walk(before, said.changes, clock_ms, for_ms)
    facts = said.facts or (watch.facts if watch else {})
    now = Watch(said.labels, facts, partition, before, found.stand, said.stamp, said.as_of_ms)
    return now, found.spells


def kept_firing(watch: Watch, spells: Sequence[Spell], known: Sequence[Spell]) -> tuple[Watch, list[Spell]]:
    """Late evidence may move a start so that an alert that was told would be pending again: it stays firing."""
    stand = watch.stand
    if stand.phase is not Phase.PENDING or all(one.ends_ms is not None for one in known):
        return watch, list(spells)
    firing = Stand(Phase.FIRING, stand.since_ms)
    return replace(watch, stand=firing), [*spells, Spell(stand.since_ms, None)]
