"""Every metric the product exports: its name, kind, labels, and what it tells the operator.

One typed registry: code asks for a metric by its `Spec`, so a name can't be misspelt or invented elsewhere.
The reference page docs/reference/metrics.md is generated from here.
"""

from schemas import cluster_metrics
from schemas.metric_spec import Spec


def every_spec() -> list[Spec]:
    """All metrics, by name."""
    return sorted(
        (one for one in (vars(cluster_metrics) | globals()).values() if isinstance(one, Spec)),
        key=lambda one: one.name,
    )


# Journal
JOURNAL_APPENDED = Spec(
    "btswatch_journal_appended_total", "Entries made durable; if it stands still, nothing arrives.", ("kind",)
)
JOURNAL_REPEATED = Spec(
    "btswatch_journal_repeated_total",
    "Entries whose id was known: duplicate (harmless) or conflict (a sender uses an id twice).",
    ("outcome",),
)
JOURNAL_FAILED = Spec(
    "btswatch_journal_failed_total",
    "Writes that failed, by error; JournalFullError means: make room, senders are being put off.",
    ("error",),
)
JOURNAL_DROPPED = Spec(
    "btswatch_journal_dropped_total",
    "Oldest receipts or refused events dropped because their list was full.",
    ("list",),
)
JOURNAL_COMMIT_SECONDS = Spec(
    "btswatch_journal_commit_seconds",
    "Time of a write until it is on disk; a rise means a slow or busy disk.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
JOURNAL_PENDING_BYTES = Spec(
    "btswatch_journal_pending_bytes", "Waiting to be written; near its bound, senders wait for the disk."
)
JOURNAL_BYTES = Spec("btswatch_journal_bytes", "Size of the journal; at max_bytes it refuses everything.")

# Archive
ARCHIVE_LINES = Spec("btswatch_archive_lines_total", "Events written to the archive, by family.", ("family",))
ARCHIVE_PENDING = Spec(
    "btswatch_archive_pending_lines",
    "Events accepted but not yet in an archive file (they are in the journal).",
)

ARCHIVE_MERGED = Spec(
    "btswatch_archive_merged_days_total",
    "Closed days made into one file per family; once a day, and again where late events came.",
)
ARCHIVE_MERGE_FAILED = Spec(
    "btswatch_archive_merge_failed_total",
    "Merges of a closed day that failed, by error; the parts stay, ArchiveDamagedError means: restore the file.",
    ("error",),
)

# Traps
TRAPS_RECEIVED = Spec("btswatch_traps_received_total", "Datagrams at the trap port that are in the journal.")
TRAPS_KERNEL_DROPPED = Spec(
    "btswatch_traps_kernel_dropped_total",
    "Datagrams the kernel dropped because the socket's buffer was full: raise net.core.rmem_max.",
)
TRAPS_LIMITED = Spec(
    "btswatch_traps_limited_total",
    "Datagrams of addresses that are no agents of the registry, dropped above traps.strangers_per_minute.",
)
TRAPS_BUFFER_BYTES = Spec(
    "btswatch_traps_buffer_bytes",
    "Receive buffer that the kernel granted; far below the setting, bursts are lost.",
)
TRAPS_WRITES_FAILED = Spec(
    "btswatch_traps_writes_failed_total",
    "Writes of traps to the journal that failed and are tried again, by error.",
    ("error",),
)
TRAPS_ANSWERED = Spec(
    "btswatch_traps_answered_total", "Informs acknowledged, and SNMPv3 messages answered with a Report."
)
TRAPS_DECODED = Spec(
    "btswatch_traps_decoded_total",
    "Traps and informs by what came of them: evidence, poll, noted, unlisted (nobody described it), discovery,"
    " repeated, quarantined (their codes: btswatch_events_refused_total with entrance traps).",
    ("outcome",),
)

# Gateway
EVENTS_ACCEPTED = Spec(
    "btswatch_events_accepted_total", "Events accepted at an entrance.", ("entrance", "reporter", "type")
)
EVENTS_REFUSED = Spec(
    "btswatch_events_refused_total",
    "Events refused, by code; a jump after a sender's change means its format broke.",
    ("entrance", "code"),
)
GATEWAY_PROBLEMS = Spec(
    "btswatch_gateway_problems_total",
    "Requests answered with a problem, by code; `unauthorized` rising means a wrong or revoked key in use.",
    ("code",),
)
GATEWAY_REQUESTS = Spec(
    "btswatch_gateway_requests_total", "Requests answered, by route and status class.", ("route", "status")
)
GATEWAY_SECONDS = Spec(
    "btswatch_gateway_request_seconds",
    "Time from a request's first byte to the end of its answer; long ones mean a slow disk or slow senders.",
    ("route",),
    (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
GATEWAY_RECEIPTS = Spec(
    "btswatch_gateway_receipts_total",
    "Receipts given, by where the events were safe: disk or kafka; disk under durability kafka means that the forwarder"
    " lags or the brokers are away.",
    ("durable",),
)
GATEWAY_KAFKA_SECONDS = Spec(
    "btswatch_gateway_kafka_wait_seconds",
    "From the disk to the forwarder's position behind the events, of answers that waited for Kafka (durability kafka).",
    (),
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
GATEWAY_IN_FLIGHT = Spec(
    "btswatch_gateway_requests_in_flight",
    "Requests being served; at its limit, further ones are turned away.",
)

# Console
CONSOLE_PAGES = Spec("btswatch_console_pages", "Pages open in browsers now.")
CONSOLE_READ_SECONDS = Spec(
    "btswatch_console_read_seconds",
    "Reading the ledger for the pages; when it nears a second, pages lag behind the engine.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
)
CONSOLE_READS_FAILED = Spec(
    "btswatch_console_failures_total",
    "Readings of the ledger (or updates of one page) that failed; the pages then say that they are old.",
    ("where",),
)

# Engine
ENGINE_EVENTS = Spec(
    "btswatch_engine_events_total",
    "Journal entries that the engine dealt with, by outcome: counted, late (after their day's close), or a refusal's code.",
    ("outcome",),
)
ENGINE_OFFSET = Spec(
    "btswatch_engine_offset",
    "Journal offset up to which everything is in the ledger; stands still when the engine does.",
)
ENGINE_LAG = Spec(
    "btswatch_engine_lag_entries", "Journal entries not yet read by the engine; grows when it can't keep up."
)
ENGINE_COMMIT_SECONDS = Spec(
    "btswatch_engine_commit_seconds",
    "Duration of the engine's transactions on the ledger, by what they write.",
    ("kind",),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ENGINE_TRANSITION_SECONDS = Spec(
    "btswatch_engine_transition_seconds",
    "From the receipt of evidence that changed a state to the ledger.",
    (),
    (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
ENGINE_FAILED = Spec(
    "btswatch_engine_failed_steps_total",
    "Steps of the engine that a store refused (disk full, locked); nothing is lost, it tries again.",
    ("error",),
)

# Closing
CLOSING_DAY = Spec(
    "btswatch_closing_day", "Ordinal of the latest closed local day; has to grow by one each day."
)
CLOSING_DIFFERENCES = Spec(
    "btswatch_closing_differences_total",
    "Closed figures that differ from the last provisional one; each is an alarm.",
)
CLOSING_SECONDS = Spec(
    "btswatch_closing_seconds",
    "Duration of the closing of one day.",
    (),
    (1, 2.5, 5, 10, 30, 60, 120, 300, 900),
)

# Polling
POLLS = Spec(
    "btswatch_polls_total",
    "Polls by outcome: answered, partial, silent, refused (the agent answers and tells nothing), malformed, not_done.",
    ("outcome",),
)
POLL_SECONDS = Spec(
    "btswatch_poll_seconds",
    "Time of a whole poll of a device; a rise with no silence means slow agents or a slow path.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
POLL_START_DELAY_SECONDS = Spec(
    "btswatch_poll_start_delay_seconds",
    "How late polls start; a rise means too few places in flight or too slow a machine.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
POLLS_SKIPPED = Spec(
    "btswatch_polls_skipped_total", "Regular turns that were never taken: the poller is too slow."
)
POLLS_IN_FLIGHT = Spec("btswatch_polls_in_flight", "Devices being polled now; at its limit others wait.")
POLLS_BACKLOG = Spec("btswatch_polls_backlog", "Devices whose turn has come and that wait for a place.")
POLL_DEVICES = Spec("btswatch_poll_devices", "Devices that are polled, canaries included.")
POLL_LOOP_LAG_SECONDS = Spec(
    "btswatch_poll_loop_lag_seconds",
    "The worst standstill of the poller in the last second; above its limit silence is not believed.",
)
POLL_REQUESTS = Spec(
    "btswatch_poll_requests_total",
    "Polls that traps asked for: taken, or for an element that is not polled here.",
    ("result",),
)
POLL_SILENCES = Spec(
    "btswatch_poll_silences_total",
    "What silent polls were found to mean: the device's silence (silent), the poller's own blindness (blind), or nothing "
    "(undecided: the poller stood still and could not ask others).",
    ("verdict",),
)
POLL_COUNTER_GAPS = Spec(
    "btswatch_poll_counter_gaps_total", "Rates that could not be told, by reason (see polling.md).", ("gap",)
)
POLL_UNREADABLE = Spec(
    "btswatch_poll_unreadable_total", "Values that are not what the profile says, by profile.", ("profile",)
)
POLL_FAILED = Spec("btswatch_poll_failed_total", "Polls ended by a fault of the program; each is in the log.")
POLL_EVENTS = Spec("btswatch_poll_events_total", "Status events made from polls, by status.", ("status",))
POLL_EVENTS_PENDING = Spec(
    "btswatch_poll_events_pending", "Events that wait for the journal; growing means that it takes none."
)
POLL_EVENTS_DROPPED = Spec(
    "btswatch_poll_events_dropped_total",
    "Events lost because the journal took none for too long, by reason; evidence is missing from here on.",
    ("reason",),
)
POLL_HEALTH_FAILED = Spec(
    "btswatch_poll_health_failed_total",
    "Rounds of writing the devices' health that the ledger refused; the next one writes it, polling goes on.",
)
VANTAGE_IMPAIRED = Spec(
    "btswatch_vantage_impaired",
    "1 while the poller can't see along this path (an enterprise's, or * for all): silence is not believed there.",
    ("path",),
)
