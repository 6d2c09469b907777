"""Example messages of every contract: what every consumer's tests run over.

NAME/vN/canonical and NAME/vN/boundary hold messages as they are sent. NAME/vN/must_reject holds JSON objects
`{"code", "why", "message" or "raw", "reporter"?, "after"?}`: the message (or raw text that is no JSON), the refusal's
code, who sends it, and messages that must have been accepted before.

The events among them fit the small registry in schemas/examples/registry, received at `RECEIVED`.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal

from schemas.catalogue import CONTRACTS, CataloguedContract, contract
from schemas.refusal import Refusal

Set = Literal["canonical", "boundary", "must_reject"]
SETS: Final[tuple[Set, ...]] = ("canonical", "boundary", "must_reject")
RECEIVED: Final = "2026-11-02T05:01:00.000Z"
"""The receiver's clock when the example events came."""

# Those that the content alone gives away; the others need a registry, a clock, a key or a memory.
BY_CONTENT: Final = frozenset(
    {Refusal.MALFORMED, Refusal.INVALID, Refusal.UNSUPPORTED_TYPE, Refusal.TIME_WITHOUT_ZONE}
)


@dataclass(frozen=True, slots=True)
class Example:
    """One example.

    Attributes:
        contract: such as `status.v1`.
        set: canonical, boundary or must_reject.
        name: the file's name without its ending; says what it is about.
        body: the message as bytes.
        code: why it must be refused; None where it must be accepted.
        reporter: the enterprise that sends it (events).
        after: messages of the same sender that were accepted before.
    """

    contract: str
    set: Set
    name: str
    body: bytes
    code: Refusal | None = None
    reporter: str = ""
    after: tuple[bytes, ...] = ()

    @property
    def id(self) -> str:
        """For the name of a parametrised test."""
        return f"{self.contract}/{self.set}/{self.name}"

    @property
    def refused_by_content(self) -> bool:
        """Whether the schema alone must refuse it."""
        return self.code in BY_CONTENT


def load(kind: str, version: int = 1) -> tuple[Example, ...]:
    """The examples of a contract, such as `load("status")`, by set and name.

    Raises:
        KeyError: no such contract.
    """
    return _load(contract(kind, version))


def load_events() -> tuple[Example, ...]:
    """The examples of every event type."""
    return tuple(
        example for one in CONTRACTS if one.group == "event" for example in load(one.name, one.version)
    )


def load_all() -> tuple[Example, ...]:
    """The examples of every contract that has some."""
    return tuple(example for one in CONTRACTS if one.has_examples for example in load(one.name, one.version))


def registry_directory() -> Traversable:
    """The CSV registry that the example events speak about."""
    return files(__package__) / "registry"


@cache
def _load(one: CataloguedContract) -> tuple[Example, ...]:
    base = files(__package__) / one.name / f"v{one.version}"
    return tuple(
        _reject(one, path) if group == "must_reject" else _accept(one, group, path)
        for group in SETS
        for path in sorted((base / group).iterdir(), key=lambda path: path.name)
        if path.name.endswith(".json")
    )


def _accept(one: CataloguedContract, group: Set, path: Traversable) -> Example:
    body = path.read_bytes()
    source = str(json.loads(body).get("source", ""))
    return Example(one.id, group, path.name.removesuffix(".json"), body, reporter=source.partition("/")[0])


def _reject(one: CataloguedContract, path: Traversable) -> Example:
    # Python's reader takes NaN, which is the point of some of these.
    case: dict[str, Any] = json.loads(path.read_bytes())
    raw = case.get("raw")
    body = raw if raw is not None else json.dumps(case["message"], ensure_ascii=False)
    return Example(
        one.id,
        "must_reject",
        path.name.removesuffix(".json"),
        body.encode(),
        code=Refusal(case["code"]),
        reporter=case.get("reporter", "viettel"),
        after=tuple(json.dumps(message).encode() for message in case.get("after", [])),
    )
