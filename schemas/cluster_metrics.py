"""The metrics of the cluster's parts: forwarder, workers, sinks. `schemas.metrics` has the others, and lists all."""

from schemas.metric_spec import Spec

# Archive sink
ARCHIVE_REPEATED = Spec(
    "btswatch_archive_repeated_total",
    "Events passed over since they are archived already: sent again after a crash or an outage; harmless.",
)
ARCHIVE_THROUGH = Spec(
    "btswatch_archive_received_through_seconds",
    "Unix time up to which all that this forwarder received is archived; closing waits for it.",
    ("forwarder",),
)
ARCHIVE_LOST = Spec(
    "btswatch_archive_lost_messages_total",
    "Messages that the brokers deleted before the archive had read them: evidence is missing, restore it.",
)

# Workers of the cluster
WORKER_EVENTS = Spec(
    "btswatch_worker_events_total",
    "Events that the worker dealt with, by outcome: counted, late, a refusal's code, or failed (a fault of the program).",
    ("outcome",),
)
WORKER_RESULTS = Spec("btswatch_worker_results_total", "Messages that the worker sent, by topic.", ("topic",))
WORKER_ENGINE_TIME = Spec(
    "btswatch_worker_engine_time_seconds",
    "The newest tick of each assigned partition, seconds since the epoch; behind the clock by more than a few seconds "
    "means that the worker or the forwarder can't keep up.",
    ("partition",),
)
WORKER_PARTITIONS = Spec(
    "btswatch_worker_partitions", "Partitions that this worker holds; over all workers they are 16."
)
WORKER_ROWS = Spec("btswatch_worker_rows_total", "Rows written to the table.")
WORKER_CHECKPOINT_SECONDS = Spec(
    "btswatch_worker_checkpoint_seconds",
    "From the beginning of a partition's checkpoint to its acknowledgements; grows when the brokers are slow.",
    (),
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WORKER_REGISTRY_DIFFERS = Spec(
    "btswatch_worker_registry_differs",
    "Forwarders whose registry has another digest than this worker's: start the ones with the older registry again.",
)
WORKER_RULES_DIFFER = Spec(
    "btswatch_worker_rules_differ",
    "Forwarders whose rules have another digest than this worker's: running verdicts go by this worker's until it is started again.",
)
COMPLIANCE_FIGURES = Spec(
    "btswatch_compliance_figures_total",
    "Elements' figures that the compliance agent took in, by outcome: kept, older (known already), closed (its quarter is "
    "over), refused (dead-lettered).",
    ("outcome",),
)
COMPLIANCE_FINDINGS = Spec(
    "btswatch_compliance_findings_total",
    "Running figures (figurerecord) and verdicts of enterprises that were told.",
    ("finding",),
)
COMPLIANCE_CHECKPOINT_SECONDS = Spec(
    "btswatch_compliance_checkpoint_seconds",
    "From adding up to the acknowledgements of what was added.",
    (),
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

# Forwarder
FORWARDER_SENT = Spec(
    "btswatch_forwarder_sent_events_total",
    "Events that the brokers acknowledged, by topic; sent again after a crash they count again.",
    ("topic",),
)
FORWARDER_OFFSET = Spec(
    "btswatch_forwarder_offset", "Journal offset up to which every event is acknowledged by the brokers."
)
FORWARDER_LAG = Spec(
    "btswatch_forwarder_lag_entries",
    "Journal entries not yet acknowledged; grows while the brokers are away, and the journal keeps them.",
)
FORWARDER_THROUGH = Spec(
    "btswatch_forwarder_received_through_seconds",
    "Unix time up to which all that was received is acknowledged: engine time in the cluster.",
)
FORWARDER_FAILED = Spec(
    "btswatch_forwarder_failures_total",
    "Tries that failed, by where: brokers or journal; nothing is lost, it is tried again.",
    ("where",),
)
FORWARDER_SECONDS = Spec(
    "btswatch_forwarder_delivery_seconds",
    "From sending to the acknowledgement of a whole wave of messages; long ones mean slow or few brokers.",
    (),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

# Sinks
SINK_MESSAGES = Spec(
    "btswatch_sink_messages_total",
    "Messages that are durable in the sink's target, by topic.",
    ("sink", "topic"),
)
SINK_LAG = Spec(
    "btswatch_sink_lag_messages",
    "Messages on the brokers that the sink has not written yet; grows while its target is away or too slow.",
    ("sink",),
)
SINK_PENDING_BYTES = Spec(
    "btswatch_sink_pending_bytes",
    "Bytes of messages in the sink's memory; bounded also in an outage.",
    ("sink",),
)
SINK_WRITE_SECONDS = Spec(
    "btswatch_sink_write_seconds",
    "Duration of one write to the sink's target, failed ones too.",
    ("sink",),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
SINK_OUTAGE = Spec(
    "btswatch_sink_outage",
    "0: the sink writes; 1: its target is out of reach; 2: its target refuses us, a person has to act.",
    ("sink",),
)
SINK_OUTAGES = Spec(
    "btswatch_sink_outages_total",
    "Outages of the sink's target that began, by kind: away or refused.",
    ("sink", "kind"),
)
SINK_BROKER_FAILED = Spec(
    "btswatch_sink_broker_failures_total",
    "Troubles of the sink with the brokers, by error; nothing is lost, what was not committed comes again.",
    ("sink", "error"),
)
SINK_DROPPED = Spec(
    "btswatch_sink_dropped_messages_total",
    "Messages let go unwritten because their partition went to another process of the sink, which gets them.",
    ("sink",),
)
LEDGER_ENGINE_TIME = Spec(
    "btswatch_sink_ledger_engine_time_seconds",
    "Engine time (Unix seconds) of the newest result in the ledger; stands still when workers or this sink do.",
)
SINK_LOST = Spec(
    "btswatch_sink_lost_messages_total",
    "Messages that the brokers deleted before the sink had read them: away for longer than the topic keeps; rebuild.",
    ("sink", "topic"),
)
SINK_DEAD_LETTERS = Spec(
    "btswatch_sink_dead_letters_total",
    "Messages (or parts of them) that the sink could not take, in the topic deadletter, by code.",
    ("sink", "code"),
)

# InfluxDB
INFLUX_LINES = Spec(
    "btswatch_influx_lines_total",
    "Lines by bucket and what became of them: written, or rejected by the server one by one.",
    ("bucket", "outcome"),
)
INFLUX_REQUESTS = Spec(
    "btswatch_influx_requests_total",
    "Write requests by outcome: ok, or an error; InfluxRefusedError means a person has to act.",
    ("outcome",),
)
INFLUX_SKIPPED = Spec(
    "btswatch_influx_skipped_total",
    "What is not written to InfluxDB: series outside the registry or above the limit (these are dead letters too),"
    " numbers that the schema does not have, points older than their bucket keeps, provisional results of closed days and of periods with decisions of people, verdicts whose sealed rules are lost.",
    ("reason",),
)
INFLUX_SERIES = Spec(
    "btswatch_influx_series",
    "Series written since the start, by measurement; at influx.max_series new ones are refused.",
    ("measurement",),
)
INFLUX_SCRAPES = Spec(
    "btswatch_influx_scrapes_total",
    "Scrapes of the parts' metrics by outcome: ok, away (the part does not answer) or lost (InfluxDB did not take it).",
    ("part", "outcome"),
)
INFLUX_CLOSED_DAY = Spec(
    "btswatch_influx_closed_day",
    "Ordinal of the latest closed local day whose official figures are in InfluxDB; follows btswatch_closing_day.",
)

# Notifier
NOTIFY_CONDITIONS = Spec(
    "btswatch_notify_conditions",
    "Watched conditions by phase: inactive, pending (not yet for notify.for_s), firing.",
    ("phase",),
)
NOTIFY_TOLD = Spec(
    "btswatch_notify_told_total",
    "Alerts that a receiver has taken, by status: firing or resolved.",
    ("receiver", "status"),
)
NOTIFY_EXPIRED = Spec(
    "btswatch_notify_expired_total",
    "Alerts that a receiver was never told, since they were over long before it could be reached (notify.recent_s).",
    ("receiver",),
)
