"""Taking a drive-test campaign in: read its files, compare with what stands, keep the files, write the journal."""

import csv
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from btswatch.cli.configured import directory_of
from btswatch.cli.department import append, entries_of, must_be_free, note
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.measured import measurements_of

if TYPE_CHECKING:
    from btswatch.settings import Settings
    from processors.drive_test.campaign import Planned
    from processors.drive_test.counting import Counting
    from processors.drive_test.reading import ReadFiles
    from processors.drive_test.sample import RowFault
    from processors.rules import Rules
    from schemas.registry import Registry

KEPT: Final = "drive-tests"
SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told. `refused` is where refused rows are written to; None: only the first are shown.

    `by` is who takes it in, for the audit chain.
    """

    files: Sequence[Path]
    campaign: str
    unit: str | None
    correct: bool
    dry_run: bool
    refused: Path | None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of it."""

    read: "ReadFiles"
    planned: "Planned"
    without_level: dict[str, int]


def take_in(settings: "Settings", registry: "Registry", rules: "Rules", asked: Asked) -> Imported:
    """Read the files and send what is new; nothing is sent where the campaign can't be taken in as a whole."""
    from btswatch.parts.part import system_now_ms
    from processors.drive_test.area import area_of
    from processors.drive_test.campaign import NAME, Campaign, CampaignError, figures
    from processors.drive_test.columns import WrongColumnsError
    from processors.drive_test.counting import Counting
    from processors.drive_test.reading import read_files
    from schemas.time import LocalCalendar

    if not NAME.fullmatch(asked.campaign):
        raise CommandError(Exit.MISUSE, f"--campaign {asked.campaign}: lower-case letters, digits, . _ -")
    if asked.refused is not None and asked.refused.resolve() in {path.resolve() for path in asked.files}:
        raise CommandError(Exit.MISUSE, f"--refused {asked.refused}: is one of the files to read")
    must_be_free(registry)
    unit, now_ms = _unit(registry, asked.unit), system_now_ms()
    calendar, names = LocalCalendar(settings.zone), sorted(registry.enterprises)
    counting = Counting(names, rules, calendar)
    directory_of(settings, create=False)
    try:
        with _refusals(asked.refused) as refuse, _bar(asked.files) as progress:
            area = area_of(registry, unit, calendar.day_of(now_ms))
            read = read_files(asked.files, counting, names, now_ms, settings.data, refuse, progress, area)
        bad = read.refused.total()
        counted = f"{read.rows:,} rows: {read.good:,} good, {bad:,} refused; nothing was sent"
        known, _ = measurements_of(settings, registry, rules)
        campaign = Campaign(asked.campaign, unit, _basis(read, counting), calendar)
        planned = campaign.plan(figures(counting, rules), known, correct=asked.correct)
    except WrongColumnsError as error:
        raise CommandError(Exit.MISUSE, *error.lines) from error
    except CampaignError as error:
        raise CommandError(Exit.NO, counted, str(error)) from error
    if planned.events and not asked.dry_run:
        _send(settings, asked.files, read, planned, now_ms)
    if read.good and not asked.dry_run:
        _note(settings, asked, read, planned, now_ms)
    return Imported(read, planned, dict(counting.without_level()))


def _send(
    settings: "Settings", files: Sequence[Path], read: "ReadFiles", planned: "Planned", now_ms: int
) -> None:
    from stores.journal import Outcome
    from stores.kept_files import FileChangedError, keep_file

    directory = directory_of(settings, create=False)
    try:
        # What figures rest on is on disk before they are.
        for path, digest in zip(files, read.digests, strict=True):
            keep_file(path, directory.path / KEPT, digest)
    except FileChangedError as error:
        raise CommandError(Exit.NO, str(error)) from error
    answers = append(settings, entries_of(settings, planned.events, now_ms))
    conflicts = sum(one.outcome is Outcome.CONFLICT for one in answers)
    if conflicts:
        raise CommandError(
            Exit.NO,
            f"{conflicts} figures were sent before under the same name and do not count: choose another",
        )


def _note(settings: "Settings", asked: Asked, read: "ReadFiles", planned: "Planned", now_ms: int) -> None:
    from processors.department_record import Campaign, note_campaign
    from processors.provenance import NOTICED, By

    done = Campaign(
        asked.campaign,
        read.digests,
        read.rows,
        read.good,
        {fault.value: count for fault, count in read.refused.items()},
        len(planned.events),
        planned.corrected,
        planned.unchanged,
    )
    by = By(asked.by) if asked.by else NOTICED
    note(settings, lambda ledger: note_campaign(ledger, done, now_ms, by))


def files_of(basis: str, directory: Path) -> Iterator[tuple[Path, bool]]:
    """The kept files that a measurement's basis names, and whether each still has the bytes of its name."""
    from stores.kept_files import is_whole

    for digest in re.findall(r"sha256:([0-9a-f]{64})", basis):
        path = directory / f"{digest}.gz"
        yield path, is_whole(path, digest)


def _unit(registry: "Registry", unit: str | None) -> str:
    from schemas.registry import WHOLE

    whole = sorted(code for code, rows in registry.units.items() if any(row.kind in WHOLE for row in rows))
    if unit is None and len(whole) == 1:
        return whole[0]
    if unit is None:
        raise CommandError(Exit.MISUSE, f"--unit: which area? the registry has {len(whole)} provinces")
    if unit not in registry.units:
        raise CommandError(Exit.MISUSE, f"--unit {unit}: no such unit in the registry")
    return unit


def _basis(read: "ReadFiles", counting: "Counting") -> str:
    levels = sorted(
        {
            f"{name} >= {tally.level / 1000:g} dBm"
            for (_, _, name), tally in counting.tallies.items()
            if tally.level
        }
    )
    digests = sorted(read.digests)
    told = [f"sha256:{one}" for one in digests[:8]] + [f"and {len(digests) - 8} more"] * (len(digests) > 8)
    return f"drive test, {read.good} samples; {', '.join(levels) or 'no signal level'}; {', '.join(told)}"


@contextmanager
def _refusals(path: Path | None) -> "Iterator[Callable[[Path, int, RowFault, str], None]]":
    """Tells of refused rows: all of them in a file, or the first on stderr."""
    shown = 0

    def tell(file: Path, row: int, fault: "RowFault", detail: str) -> None:
        nonlocal shown
        shown += 1
        if shown <= SHOWN:
            sys.stderr.write(f"{file}: row {row}: {fault.value}: {detail}\n")
        elif shown == SHOWN + 1:
            sys.stderr.write("... and more; --refused FILE writes all of them\n")

    if path is None:
        yield tell
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "row", "code", "detail"))
        yield lambda file, row, fault, detail: writer.writerow((file, row, fault.value, detail)) and None


@contextmanager
def _bar(files: Sequence[Path]) -> "Iterator[Callable[[int], None]]":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    quiet = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("reading", total=sum(path.stat().st_size for path in files))
        yield lambda done: progress.update(task, completed=done)
