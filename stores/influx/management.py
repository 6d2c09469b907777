"""Buckets and downsampling tasks on a server, compared with the written schema and made so. Doing it twice changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.task_create_request import TaskCreateRequest
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from schemas.influx import BUCKETS, TASKS, Bucket
from schemas.influx.flux import task_flux, task_name
from schemas.influx.model import DAY_S
from schemas.settings.influx import InfluxSettings
from stores.influx.errors import InfluxRefusedError, InfluxUnavailableError, failure_of, words_of

_ACTIVE: Final = "active"
# The library's models have no types.
_rules: Final[Any] = BucketRetentionRules
_request: Final[Any] = TaskCreateRequest


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the schema says, such as bucket, btswatch_raw, "kept 30 days, not 31"."""

    kind: str
    name: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.detail}"


class Management:
    """A server's buckets and tasks. Used as a context manager, so that its connections are given back.

    Args:
        settings: which server, names, retention.
        zone: of local days.
    """

    def __init__(self, settings: InfluxSettings, zone: str) -> None:
        self._settings = settings
        self._zone = zone
        self._client: Any = None

    def __enter__(self) -> Self:
        settings = self._settings
        self._client = InfluxDBClient(
            url=settings.url,
            token=settings.token.get_secret_value(),
            org=settings.org,
            timeout=int(settings.timeout_s * 1000),
            ssl_ca_cert=str(settings.tls_ca) if settings.tls_ca else None,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def differences(self) -> list[Difference]:
        """What `apply` would change.

        Raises:
            InfluxError: the server can't be used.
        """
        with self._told():
            return [one for one, _ in self._compared()]

    def apply(self) -> list[Difference]:
        """Make it as the schema says; what was changed.

        Raises:
            InfluxError: the server can't be used; what was changed stays so.
        """
        done = []
        with self._told():
            for one, change in list(self._compared()):
                change()
                done.append(one)
        return done

    @contextmanager
    def bucket_aside(self, name: str) -> Iterator[str]:
        """A bucket that keeps everything, for as long as it is needed; one that was left by a former try is emptied.

        Raises:
            InfluxError: the server can't be used.
        """
        api = self._client.buckets_api()
        with self._told():
            self._drop(api, name)
            api.create_bucket(
                bucket_name=name, org=self._settings.org, description="may be deleted at any time"
            )
        try:
            yield name
        finally:
            with self._told():
                self._drop(api, name)

    def _drop(self, api: Any, name: str) -> None:
        found = self._named(api, name)
        if found is not None:
            api.delete_bucket(found)

    def _named(self, api: Any, name: str) -> Any | None:
        """By its name: pages of all are cut short by what the token may not read, and the client stops at a short one."""
        try:
            return next(iter(api.find_buckets(name=name, org=self._settings.org).buckets), None)
        except ApiException as error:
            # Said of an organisation too.
            if error.status == HTTPStatus.NOT_FOUND and f'bucket "{name}"' in words_of(_body_of(error)):
                return None
            raise

    def _compared(self) -> Iterator[tuple[Difference, Any]]:
        api = self._client.buckets_api()
        for bucket in BUCKETS:
            yield from self._bucket(bucket, self._named(api, bucket.name(self._settings.prefix)))
        yield from self._tasks()

    def _bucket(self, wanted: Bucket, found: Any) -> Iterator[tuple[Difference, Any]]:
        api, name = self._client.buckets_api(), wanted.name(self._settings.prefix)
        kept_s = self._settings.retention_s(wanted)
        # A shard longer than the retention would keep points past it.
        shard_s = min(wanted.shard_s, kept_s)
        rules = _rules(type="expire", every_seconds=kept_s, shard_group_duration_seconds=shard_s)
        if found is None:
            yield (
                Difference("bucket", name, "missing"),
                lambda: api.create_bucket(
                    bucket_name=name, retention_rules=rules, org=self._settings.org, description=wanted.holds
                ),
            )
            return
        rule = found.retention_rules[0] if found.retention_rules else None
        now = (rule.every_seconds, rule.shard_group_duration_seconds) if rule else (0, 0)
        if now != (kept_s, shard_s):
            found.retention_rules = [rules]
            detail = (
                f"kept {_days(now[0])} in shards of {_days(now[1])}, not {_days(kept_s)} and {_days(shard_s)}"
            )
            yield Difference("bucket", name, detail), lambda: api.update_bucket(found)

    def _tasks(self) -> Iterator[tuple[Difference, Any]]:
        api = self._client.tasks_api()
        ours: dict[str, list[Any]] = {}
        for task in api.find_tasks_iter(org=self._settings.org):
            if task.name.startswith(f"{self._settings.prefix} "):
                ours.setdefault(task.name, []).append(task)
        for wanted in TASKS:
            name = task_name(wanted, self._settings.prefix)
            flux = task_flux(wanted, self._settings.prefix, self._zone)
            found = sorted(ours.pop(name, []), key=lambda task: task.id)
            if not found:
                request = _request(org=self._settings.org, flux=flux, status=_ACTIVE)
                yield Difference("task", name, "missing"), _call(api.create_task, task_create_request=request)
                continue
            task = found[0]
            if task.flux.strip() != flux.strip() or task.status != _ACTIVE:
                detail = "switched off" if task.flux.strip() == flux.strip() else "another query"
                task.flux, task.status = flux, _ACTIVE
                # Else the client writes these over what the query itself says.
                task.every = task.cron = task.offset = None
                yield Difference("task", name, detail), _call(api.update_task, task)
            for twin in found[1:]:
                yield Difference("task", name, "there twice"), _call(api.delete_task, twin.id)
        for name, strays in ours.items():
            for task in strays:
                yield Difference("task", name, "not in the schema"), _call(api.delete_task, task.id)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            # Without an answer (TLS that fails) the client says None or 0.
            if not error.status:
                reason = " ".join(str(error.reason).split())
                raise InfluxUnavailableError(f"InfluxDB at {self._settings.url}: {reason}") from error
            failure = failure_of(error.status, dict(error.headers or {}), _body_of(error))
            if not isinstance(failure, InfluxUnavailableError):
                failure = InfluxRefusedError(failure.reason)
            raise failure from error
        except InfluxDBError as error:
            # Raised by the client itself where it finds no id for our organisation.
            raise InfluxRefusedError(
                f"InfluxDB at {self._settings.url}: no organisation {self._settings.org} (influx.org) that influx.token may read"
            ) from error
        except HTTPError as error:
            raise InfluxUnavailableError(f"InfluxDB at {self._settings.url}: {error}") from error


def _body_of(error: ApiException) -> bytes:
    return error.body if isinstance(error.body, bytes) else str(error.body or "").encode()


def _call(function: Any, *arguments: Any, **named: Any) -> Any:
    return lambda: function(*arguments, **named)


def _days(seconds: int) -> str:
    return "forever" if not seconds else f"{seconds / DAY_S:g} days"
