"""What the cluster's workers find while periods run: sums of scopes, verdicts. Provisional; a person decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select, tuple_

from stores.ledger.tables import findings
from stores.ledger.upsert import upsert

_KEY = ("finding", "scope", "subject", "kind", "period", "from_ms", "rule")
_KEYS_AT_ONCE = 100

Key = tuple[str, str, str, str, str, int, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; a later one of the same key replaces it.

    `finding` is `verdict` or `figure`, `kind` the elements' kind (empty where it is not said), `rule` empty where none is
    in force. `content` is the message as it came.
    """

    finding: str
    scope: str
    subject: str
    kind: str
    period: str
    from_ms: int
    rule: str
    enterprise: str | None
    to_ms: int
    result: str | None
    as_of_ms: int
    content: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """What a later finding replaces this one by."""
        return (self.finding, self.scope, self.subject, self.kind, self.period, self.from_ms, self.rule)


def save_findings(connection: Connection, found: Sequence[Finding]) -> None:
    """Replace these findings."""
    names = [one.name for one in fields(Finding)]
    upsert(connection, findings, [{name: getattr(one, name) for name in names} for one in found])


def findings_as_of(connection: Connection, keys: Sequence[Key]) -> dict[Key, int]:
    """The engine time of those that are stored."""
    columns = [findings.c[name] for name in _KEY]
    found: dict[Key, int] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        query = select(*columns, findings.c.as_of_ms).where(
            tuple_(*columns).in_(keys[start : start + _KEYS_AT_ONCE])
        )
        for *key, as_of_ms in connection.execute(query):
            a, b, c, d, e, f, g = key
            found[a, b, c, d, e, f, g] = as_of_ms
    return found


def findings_of(connection: Connection, enterprise: str | None, since_ms: int) -> list[Finding]:
    """An enterprise's findings (None: the province's) about periods that ended at or after the instant, by key."""
    owner = findings.c.enterprise
    query = (
        select(findings)
        .where(owner.is_(None) if enterprise is None else owner == enterprise, findings.c.to_ms >= since_ms)
        .order_by(*(findings.c[name] for name in _KEY))
    )
    return [Finding(**row) for row in connection.execute(query).mappings()]
