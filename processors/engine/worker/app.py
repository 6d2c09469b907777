"""The Faust app of a worker: how it speaks to the brokers, and the agents in it."""

from typing import Any, Final

import faust
from faust.types import TransportT
from faust.types.auth import CredentialsT
from mode import CrashingSupervisor
from yarl import URL

from processors.engine.worker.standstill import Standstill
from processors.engine.worker.table import DeliveredTable
from processors.engine.worker.transport import WorkerTransport
from schemas.settings.kafka import KafkaSettings
from schemas.settings.worker import WorkerSettings
from stores.kafka.connection import login

# What is fetched of one partition at once has to hold its greatest message.
_FETCH_BYTES: Final = 1 << 20


class WorkerApp(faust.App):
    """An app that leaves nothing on disk: its state is in Kafka."""

    def __init__(self, *arguments: Any, standstill: Standstill, **named: Any) -> None:
        self._standstill = standstill
        super().__init__(*arguments, **named)

    async def on_first_start(self) -> None:
        """Faust would make directories here."""

    def _new_transport(self) -> TransportT:
        return WorkerTransport(self.conf.broker_consumer, self, self._standstill)

    def _new_producer_transport(self) -> TransportT:
        return WorkerTransport(self.conf.broker_producer, self, self._standstill)


def build_app(kafka: KafkaSettings, settings: WorkerSettings, standstill: Standstill) -> WorkerApp:
    """The app without agents. Its group, and the topics that Faust makes for it, begin with the prefix."""
    return WorkerApp(
        kafka.group("worker"),
        standstill=standstill,
        broker=[URL(f"aiokafka://{server}") for server in kafka.servers()],
        **_login(kafka),
        # A task that fails ends the worker: what Kafka has not confirmed must not be taken for done.
        agent_supervisor=CrashingSupervisor,
        broker_commit_interval=1.0,
        broker_heartbeat_interval=settings.session_s / 4,
        broker_max_poll_records=settings.poll_messages,
        broker_request_timeout=max(kafka.timeout_s, settings.session_s + 5),
        broker_session_timeout=settings.session_s,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=_FETCH_BYTES,
        processing_guarantee="at_least_once",
        producer_acks=-1,
        producer_request_timeout=kafka.timeout_s * 3,
        # No pause before a restart of the flow: partitions stand still meanwhile.
        stream_recovery_delay=0.0,
        store="memory://",
        stream_buffer_maxsize=settings.waiting_messages,
        stream_wait_empty=False,
        # A second copy in another worker's memory: reading the changelog again takes seconds.
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_replication_factor=kafka.replication,
        web_enabled=False,
        worker_redirect_stdouts=False,
        Table=DeliveredTable,
    )


def _login(kafka: KafkaSettings) -> dict[str, Any]:
    found = login(kafka)
    credentials: CredentialsT | None = None
    if found.mechanism is not None:
        credentials = faust.SASLCredentials(
            mechanism=found.mechanism,
            username=found.username,
            password=found.password,
            ssl_context=found.tls,
        )
    elif found.tls is not None:
        credentials = faust.SSLCredentials(context=found.tls)
    return {} if credentials is None else {"broker_credentials": credentials}
