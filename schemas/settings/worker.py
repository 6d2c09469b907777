"""Settings of the cluster's workers. None of them changes a figure."""

from typing import Annotated

from pydantic import Field

from schemas.base import Contract

Seconds = Annotated[float, Field(gt=0, le=3_600)]


class WorkerSettings(Contract):
    """How workers share the partitions, and how often they store what they know."""

    checkpoint_s: Seconds = Field(
        default=10.0,
        description="how often each partition's state is stored and its messages are acknowledged; changes are told at once",
    )
    checkpoint_most_s: Seconds = Field(
        default=300.0,
        description="in a backlog, where that would be most of the work: how often at least, and how often what elements read is told",
    )
    session_s: Annotated[float, Field(ge=6, le=60)] = Field(
        default=8.0,
        description="so long after a worker's death its partitions stand still; brokers allow 6 s and more",
    )
    poll_messages: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50, description="messages fetched at once; each is a batch of events"
    )
    waiting_messages: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=100, description="fetched messages that wait in memory at most"
    )
    silent_s: Seconds = Field(
        default=30.0,
        description="a partition without a tick for so long makes the worker not ready: the forwarder or the broker is away",
    )
