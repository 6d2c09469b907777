"""`btswatch rebuild influx`, wired."""

from btswatch.cli.configured import directory_of, registry_of, rules_of
from btswatch.cli.exits import CommandError, Exit
from btswatch.cli.measured import measurements_of
from btswatch.ledger import ledger_of
from btswatch.parts.sink_influx import need_token
from btswatch.rebuilding import RebuildRefusedError, Wanted
from processors.rebuild_influx import InfluxRebuild, OtherEvidenceError, Rebuilt, Target
from processors.sinks.influx.guard import SeriesGuard
from processors.sinks.influx.pipe import Pipe, told
from processors.sinks.influx.points import PointMaker
from processors.sinks.port import TargetRefusedError, TargetUnavailableError
from schemas.time import LocalCalendar
from stores.archive import ArchiveReader
from stores.influx.connection import InfluxConnection
from stores.influx.management import Management
from stores.influx.reading import PointReader
from stores.influx.writer import LineWriter


def rebuild(wanted: Wanted) -> None:
    """Make InfluxDB's days again.

    Raises:
        RebuildRefusedError: the archive gives other figures than the ledger's official ones.
        CommandError: registry or data directory can't be used, or InfluxDB is away or refuses us.
    """
    try:
        _rebuild(wanted)
    except OtherEvidenceError as error:
        raise RebuildRefusedError(str(error)) from error
    except TargetRefusedError as error:
        raise CommandError(Exit.NO, error.reason) from error
    except TargetUnavailableError as error:
        raise CommandError(Exit.UNREACHABLE, f"{error.reason}; call it again") from error


def _rebuild(wanted: Wanted) -> None:
    loaded = wanted.settings
    need_token(loaded)
    settings, calendar = loaded.influx, LocalCalendar(loaded.zone)
    directory, registry, rules = directory_of(loaded, create=False), registry_of(loaded), rules_of(loaded)
    ledger = ledger_of(loaded, directory)

    def tell(one: Rebuilt) -> None:
        kind = f"official: {one.figures} figures" if one.official else "open: left to the sink"
        wanted.tell(
            f"{one.day}  {one.done}/{one.total}  {kind}, {one.numbers} lines of numbers, "
            f"{one.refused} refused  {one.seconds:.1f} s"
        )

    with (
        told(),
        InfluxConnection(settings) as writing,
        InfluxConnection(settings) as reading,
        Management(settings, loaded.zone) as management,
        management.bucket_aside(f"{settings.prefix}_rebuild") as aside,
    ):
        management.apply()
        pipe = Pipe(LineWriter(writing, settings), settings)
        maker = PointMaker(SeriesGuard(registry, settings), registry, calendar)
        ledger.open()
        try:
            InfluxRebuild(
                ledger,
                ArchiveReader(directory.path / "archive"),
                registry,
                loaded.conventions(),
                Target(settings, maker, PointReader(reading, settings), pipe),
                aside=aside,
                now_ms=wanted.now_ms,
                rules=rules,
                measured=lambda: measurements_of(loaded, registry, rules)[0],
            ).run(wanted.first, wanted.until, tell)
        finally:
            pipe.close()
            ledger.close()
