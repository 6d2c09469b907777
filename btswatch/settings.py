"""All settings of a deployment: one TOML file, then the environment, then files that hold secrets.

`BTSWATCH_<PART>__<FIELD>` sets a field, and `BTSWATCH_<PART>__<FIELD>_FILE` names a file whose content is its value
(for secrets that an orchestrator mounts). Relative paths in the TOML file are relative to its directory.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from processors.core.conventions import Conventions
from schemas.base import Contract
from schemas.settings.archive import ArchiveSettings
from schemas.settings.console import ConsoleSettings
from schemas.settings.engine import ClosingSettings, EngineSettings
from schemas.settings.forwarder import ForwarderSettings
from schemas.settings.gateway import GatewaySettings
from schemas.settings.grafana import GrafanaSettings
from schemas.settings.influx import InfluxSettings
from schemas.settings.journal import JournalSettings
from schemas.settings.kafka import KafkaSettings
from schemas.settings.ledger import LedgerSettings
from schemas.settings.notify import NotifySettings
from schemas.settings.poll import PollSettings
from schemas.settings.sinks import SinkSettings
from schemas.settings.traps import TrapSettings
from schemas.settings.worker import WorkerSettings
from schemas.time import DEFAULT_ZONE, known_zone

PREFIX = "BTSWATCH_"
# Variables of ours that are no settings.
_OTHERS = frozenset(
    {
        "BTSWATCH_SETTINGS",
        "BTSWATCH_LOG_FORMAT",
        "BTSWATCH_LOG_LEVEL",
        "BTSWATCH_REQUIRE_SERVICES",
        "BTSWATCH_RECORDINGS",
        "BTSWATCH_SERVERS",
        "BTSWATCH_SUPERVISED",
    }
)


class SettingsError(Exception):
    """Settings that can't be used; each line says where, what, and the nearest valid name."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class AvailabilitySettings(Contract):
    """The constants of the availability figures. Changing one changes every later figure. Vietnamese: độ khả dụng."""

    grid_s: int = Field(default=10, ge=1, le=3600, description="slot length; divides 3600")
    max_future_s: int = Field(
        default=60, ge=0, description="an event's time may be so far ahead of its receipt"
    )
    min_notice_s: int = Field(
        default=24 * 3600, ge=0, description="planned work is announced so long before it starts"
    )
    max_window_s: int = Field(default=72 * 3600, ge=1, description="longest window of planned work")
    lateness_s: int = Field(default=72 * 3600, ge=0, description="a day closes so long after its end")

    @field_validator("grid_s")
    @classmethod
    def _hours_are_whole(cls, grid_s: int) -> int:
        if 3600 % grid_s:
            raise ValueError(f"{grid_s} does not divide 3600")
        return grid_s


class StatusSettings(Contract):
    """Where the parts without a web page of their own serve /healthz, /readyz and /metrics; 0 takes any free port."""

    host: str = Field(
        default="127.0.0.1", description="address to bind; loopback unless a scraper is elsewhere"
    )
    ingest_port: int = Field(
        default=9101, ge=0, le=65_535, description="pollers, and with them traps and gateway under serve"
    )
    traps_port: int = Field(
        default=9103, ge=0, le=65_535, description="traps where they are a process of their own"
    )
    engine_port: int = Field(default=9102, ge=0, le=65_535, description="engine, archive and closing")
    forwarder_port: int = Field(default=9104, ge=0, le=65_535, description="the forwarder to Kafka")
    worker_port: int = Field(
        default=9105,
        ge=0,
        le=65_535,
        description="`btswatch worker`; under serve the further workers take the ports after it",
    )
    ledger_sink_port: int = Field(default=9111, ge=0, le=65_535, description="`btswatch sink ledger`")
    influx_sink_port: int = Field(default=9112, ge=0, le=65_535, description="`btswatch sink influx`")
    archive_sink_port: int = Field(default=9113, ge=0, le=65_535, description="`btswatch sink archive`")
    notify_sink_port: int = Field(default=9114, ge=0, le=65_535, description="`btswatch sink notify`")


class Settings(Contract):
    """Everything a deployment can set; each part reads its own section."""

    form: Literal["embedded", "cluster"] = Field(
        default="embedded",
        description="embedded: one machine, no servers; cluster: over Kafka, with PostgreSQL and InfluxDB",
    )
    data: Path = Field(default=Path("data"), description="directory of journal, ledger and archive")
    mode: str = Field(
        default="production",
        pattern="^(production|demo)$",
        description="demo also takes simulated and imported events",
    )
    registry: Path = Field(default=Path("registry"), description="directory of the registry's CSV files")
    credentials: Path = Field(
        default=Path("registry/credentials.toml"), description="SNMP credentials, mode 0600"
    )
    profiles: Path | None = Field(default=None, description="directory of further SNMP profiles")
    rules: Path | None = Field(
        default=None, description="directory of rule files; absent: the rules that come with the product"
    )
    moved_days: Path | None = Field(
        default=None,
        description="YAML file of working days that the government moved; absent: none beyond the calendar's",
    )
    zone: str = Field(default=DEFAULT_ZONE, description="time zone of the calendar")
    stop_s: float = Field(default=10.0, gt=0, description="all parts have drained and stopped after so long")
    workers: int = Field(
        default=1,
        ge=1,
        le=5,
        description="Faust workers that serve runs (cluster); topics have 16 partitions",
    )
    availability: AvailabilitySettings = AvailabilitySettings()
    journal: JournalSettings = JournalSettings()
    ledger: LedgerSettings = LedgerSettings()
    poll: PollSettings = PollSettings()
    traps: TrapSettings = TrapSettings()
    gateway: GatewaySettings = GatewaySettings()
    engine: EngineSettings = EngineSettings()
    closing: ClosingSettings = ClosingSettings()
    console: ConsoleSettings = ConsoleSettings()
    grafana: GrafanaSettings = GrafanaSettings()
    influx: InfluxSettings = InfluxSettings()
    kafka: KafkaSettings = KafkaSettings()
    forwarder: ForwarderSettings = ForwarderSettings()
    archive: ArchiveSettings = ArchiveSettings()
    sinks: SinkSettings = SinkSettings()
    notify: NotifySettings = NotifySettings()
    worker: WorkerSettings = WorkerSettings()
    status: StatusSettings = StatusSettings()

    @field_validator("zone")
    @classmethod
    def _exists(cls, zone: str) -> str:
        return known_zone(zone)

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        """What holds for the whole deployment is set in one place, and parts are told."""
        if self.console.zone not in (DEFAULT_ZONE, self.zone):
            raise ValueError("console.zone differs from zone: set zone alone")
        if "max_future_s" in self.gateway.model_fields_set and self.gateway.max_future_s not in (
            GatewaySettings().max_future_s,
            self.availability.max_future_s,
        ):
            raise ValueError("gateway.max_future_s: set availability.max_future_s alone")
        if self.gateway.durability == "kafka" and self.form != "cluster":
            raise ValueError(
                'gateway.durability: "kafka" needs form = "cluster": there is no Kafka in the embedded form'
            )
        told = {"console": {"zone": self.zone}, "gateway": {"max_future_s": self.availability.max_future_s}}
        for part, values in told.items():
            # The models are frozen for their readers; this is still their making.
            object.__setattr__(self, part, getattr(self, part).model_copy(update=values))
        return self

    def conventions(self) -> Conventions:
        """The constants as the core takes them."""
        return Conventions(zone=self.zone, **self.availability.model_dump())

    @classmethod
    def load(cls, path: Path | None, environment: Mapping[str, str] = os.environ) -> Self:
        """The settings from the file (none: defaults) and the environment.

        Raises:
            SettingsError: with every problem of one pass.
        """
        values = _read(path) if path else {}
        base = path.parent if path else Path()
        for name, keys, value in _overrides(environment):
            _put(values, keys, value, name)
        try:
            loaded = cls.model_validate(values)
        except ValidationError as error:
            where = str(path) if path else "settings"
            raise SettingsError(*_explain(error, where, cls)) from error
        return loaded.model_copy(
            update={
                name: base / getattr(loaded, name)
                for name in ("data", "registry", "credentials", "profiles", "rules", "moved_days")
                if getattr(loaded, name) is not None
            }
            | {"kafka": loaded.kafka.beneath(base), "grafana": loaded.grafana.beneath(base)}
            | {"influx": loaded.influx.beneath(base), "notify": loaded.notify.beneath(base)}
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; copy docs/btswatch.toml and adapt it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[str, list[str], str]]:
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in _OTHERS:
            continue
        key = name.removeprefix(PREFIX).lower()
        if key.endswith("_file"):
            try:
                yield name, key.removesuffix("_file").split("__"), Path(value).read_text("utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{name}={value}: {error.strerror}") from error
            except UnicodeDecodeError as error:
                raise SettingsError(f"{name}={value}: is not UTF-8") from error
        else:
            yield name, key.split("__"), value


def _put(values: dict[str, Any], keys: list[str], value: str, name: str) -> None:
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{name}: {key} is a value, not a section")
        values = inner
    values[keys[-1]] = value


def _explain(error: ValidationError, where: str, root: type[Contract]) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        message = problem["msg"].removeprefix("Value error, ")
        text = ": ".join(part for part in (where, ".".join(path), message) if part)
        if problem["type"] == "extra_forbidden":
            known = _names_at(root, path[:-1])
            near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            text = f"{where}: {'.'.join(path)}: no such setting; {hint}"
        yield text


def _names_at(model: type[Contract], path: list[str]) -> list[str]:
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, Contract)):
            return []
        model = annotation
    return list(model.model_fields)
