"""Where this installation keeps dead letters, opened for one command."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Final

from btswatch.cli.configured import directory_of, registry_of, rules_of
from btswatch.cli.exits import CommandError, Exit
from btswatch.dead_letters.in_journal import JournalLetters
from btswatch.dead_letters.letter import Letters
from btswatch.settings import Settings
from ingest.feeds.deps import random_receipt
from ingest.feeds.submission import Terms
from processors.core.conventions import Grid
from schemas.registry import Registry
from schemas.time import LocalCalendar
from stores.journal import Journal, JournalError

_ID: Final = re.compile(r"([jk])([0-9]{1,18})")


class Places:
    """The journal of this machine's data directory, the topic, or both."""

    def __init__(self, by_letter: dict[str, Letters]) -> None:
        self._by_letter = by_letter

    def all(self) -> list[Letters]:
        """Every place there is."""
        return list(self._by_letter.values())

    def of(self, letter_id: str) -> Letters:
        """The place that an id such as j12 belongs to.

        Raises:
            CommandError: it is no id, or the place is not here.
        """
        found = _ID.fullmatch(letter_id)
        if found is None:
            raise CommandError(
                Exit.MISUSE, f"{letter_id!r} is no id of a dead letter: they look like j12 or k7"
            )
        place = self._by_letter.get(found[1])
        if place is None:
            where = (
                "the journal: run it where the data directory is"
                if found[1] == "j"
                else "the cluster's topic"
            )
            raise CommandError(
                Exit.MISUSE, f"{letter_id} belongs to {where}, which these settings don't name"
            )
        return place


def open_places(settings: Settings, stack: ExitStack, now_ms: Callable[[], int]) -> Places:
    """Open what the settings name; `stack` closes it.

    Raises:
        CommandError: there is no journal where one must be, or it or the brokers can't be reached.
    """
    journal = _journal(settings, stack)
    found: dict[str, Letters] = {}
    if journal is not None:
        found["j"] = _journal_letters(settings, journal, now_ms)
    if settings.form == "cluster":
        found["k"] = _topic_letters(settings, journal, stack, now_ms)
    return Places(found)


def _journal(settings: Settings, stack: ExitStack) -> Journal | None:
    """The journal. In the cluster there are machines without one."""
    path = settings.data / "journal.db"
    if not path.exists():
        if settings.form == "cluster":
            return None
        raise CommandError(Exit.UNREACHABLE, f"there is no {path}: check --data or --settings")
    journal = directory_of(settings, create=False).journal(settings.journal)
    try:
        return stack.enter_context(journal)
    except JournalError as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error


def _topic_letters(
    settings: Settings, journal: Journal | None, stack: ExitStack, now_ms: Callable[[], int]
) -> Letters:
    from btswatch.dead_letters.in_topic import TopicLetters  # noqa: PLC0415 - the embedded form has no Kafka client
    from stores.kafka.letter_log import LetterLog, LetterLogError  # noqa: PLC0415 - the same

    grid = Grid(settings.conventions())
    try:
        log = stack.enter_context(LetterLog(settings.kafka))
    except LetterLogError as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
    return TopicLetters(log, journal, lambda at_ms: grid.is_closed(at_ms, now_ms()), now_ms)


def _journal_letters(settings: Settings, journal: Journal, now_ms: Callable[[], int]) -> JournalLetters:
    calendar, gateway = LocalCalendar(settings.zone), settings.gateway

    @cache
    def registry() -> Registry:
        """Only a replay needs it: the list can be read while the registry is broken."""
        return registry_of(settings)

    def terms_of(reporter: str) -> Terms:
        return Terms(
            reporter,
            registry(),
            calendar,
            now_ms(),
            gateway.max_future_s * 1000,
            gateway.max_age_s * 1000,
            rules_of(settings).indicators(registry().declared_levels),
        )

    return JournalLetters(
        journal, terms_of, gateway.max_event_bytes, Grid(settings.conventions()), now_ms, random_receipt
    )
