"""Settings of the web console."""

from typing import Literal

from pydantic import Field

from schemas.base import Contract
from schemas.time import DEFAULT_ZONE


class ConsoleSettings(Contract):
    """Where the console listens and how hard it works. Vietnamese: bảng giám sát. It only reads."""

    host: str = Field(
        default="127.0.0.1",
        description="address to bind; loopback, since the console has no log-in of its own",
    )
    port: int = Field(default=8088, ge=0, le=65_535, description="TCP port; 0 takes any free one")
    language: Literal["auto", "en", "vi"] = Field(
        default="auto", description="language of a first visit; auto follows the browser, else Vietnamese"
    )
    zone: str = Field(
        default=DEFAULT_ZONE, description="time zone of the times shown; told from zone, not set here"
    )
    low_coverage: float = Field(
        default=0.8, ge=0, le=1, description="a figure with less known time than this is marked"
    )
    refresh_s: float = Field(
        default=0.4, ge=0.05, le=1.5, description="least seconds between two readings of the live states"
    )
    today_s: float = Field(
        default=10,
        ge=0.5,
        le=300,
        description="seconds between two readings of today's figures, feeds and health",
    )
    month_s: float = Field(
        default=60, ge=0.5, le=3600, description="seconds between two readings of the month's figures"
    )
    stale_s: int = Field(
        default=120, ge=10, description="seconds without a write of the engine until the pages say so"
    )
    max_clients: int = Field(default=50, ge=1, description="open pages at a time; one more is asked to wait")
