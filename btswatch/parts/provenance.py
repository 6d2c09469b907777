"""What official figures rest on goes into the audit chain: asked for at the engine's start and now and then after."""

from collections.abc import Callable

import structlog

from btswatch.ledger import ledger_of
from btswatch.settings import Settings
from processors.provenance import NOTICED, By, note_keys, note_registry, note_rules
from processors.rules import RulesError, load_rules
from schemas.registry import Registry
from stores.data_directory import DataDirectory
from stores.keys import KeyStore

_LOG = structlog.get_logger()


def note_provenance(
    settings: Settings,
    directory: DataDirectory,
    registry: Registry | None,
    now_ms: Callable[[], int],
    by: By = NOTICED,
) -> list[str]:
    """Write registry, rules and what happened to API keys into the chain, where they are not in it yet.

    Rules that can't be read are logged: days close without them. What was written, in a few words.
    """
    ledger = ledger_of(settings, directory)
    ledger.open()
    try:
        done = ["registry"] if registry and note_registry(ledger, registry, now_ms(), by) else []
        try:
            done += ["rules"] if note_rules(ledger, load_rules(settings.rules), now_ms(), by) else []
        except RulesError as error:
            _LOG.error("rules not noted in the audit chain", problems=error.lines)
        if directory.keys_path.exists():
            keys = KeyStore(directory.keys_path)
            keys.open()
            try:
                lines = note_keys(ledger, keys.audit(), keys.all_keys())
            finally:
                keys.close()
            done += [f"{lines} changes of keys"] if lines else []
    finally:
        ledger.close()
    return done
