"""`btswatch rebuild ledger`, wired."""

from btswatch.cli.configured import directory_of, registry_of
from btswatch.cli.exits import CommandError, Exit
from btswatch.parts.closing import alone, stores_of
from btswatch.parts.provenance import note_provenance
from btswatch.rebuilding import RebuildRefusedError, Wanted
from processors.rebuild_ledger import LedgerRebuild, Rebuilt
from processors.rebuild_refusals import (
    BeforeTheArchiveError,
    OfficialChangeError,
    OtherBasisError,
    RestatedLostError,
    SealBrokenError,
    StillImportedError,
)
from processors.retention import PrunedError


def rebuild(wanted: Wanted) -> None:
    """Make the ledger's days again.

    Raises:
        RebuildRefusedError: it would change an official row, history is still being imported, or nobody watched yet.
        CommandError: registry or data directory can't be used, or days are being closed.
    """
    settings = wanted.settings
    directory, registry = directory_of(settings, create=False), registry_of(settings)

    def told(one: Rebuilt) -> None:
        kind = "official" if one.official else "open"
        wanted.tell(
            f"{one.day}  {one.done}/{one.total}  {kind}: {one.written} rows written, {one.kept} kept  {one.seconds:.1f} s"
        )

    with alone(directory) as free:
        if not free:
            raise CommandError(
                Exit.NO, "days are being closed or rebuilt by another process: try again later"
            )
        with stores_of(settings, directory) as (ledger, archive, complete):
            again = LedgerRebuild(
                ledger,
                archive,
                registry,
                settings.conventions(),
                settings.closing,
                complete=complete,
                now_ms=wanted.now_ms,
            )
            # What the days are made with stands in the chain before them, also where the chain begins anew.
            note_provenance(settings, directory, registry, wanted.now_ms)
            try:
                again.run(wanted.first, wanted.until, told)
            except (
                BeforeTheArchiveError,
                OfficialChangeError,
                OtherBasisError,
                PrunedError,
                RestatedLostError,
                SealBrokenError,
                StillImportedError,
            ) as error:
                raise RebuildRefusedError(str(error)) from error
    directory.bell("console").ring()
