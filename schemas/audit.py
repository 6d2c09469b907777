"""The audit chain's arithmetic: what an entry's digest covers, and the Merkle tree over a day's figures. Pure.

An entry's digest is the SHA-256 of its canonical JSON with the digest of the entry before it: who knows one digest can
tell that nothing up to it was changed, removed or inserted. Trees are those of RFC 9162, section 2.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from schemas.canonical import canonical_json

NOTHING: Final = "sha256:" + "0" * 64
"""What the first entry follows."""


class AuditKind(StrEnum):
    """What happened.

    Vietnamese: chốt số liệu ngày, thay đổi sổ đăng ký, thay đổi quy định, vòng đời khóa, điều chỉnh số liệu, ký duyệt kỳ,
    khiếu nại số liệu, kết luận khiếu nại, biên nhận, xác nhận cảnh báo, kết quả đánh giá kỳ, lưu giữ theo yêu cầu pháp lý,
    gỡ lưu giữ, xóa dữ liệu lưu trữ, yêu cầu báo cáo đột xuất, rút yêu cầu,
    kết quả kiểm tra tại trạm, đợt đo kiểm.
    """

    DAY_CLOSED = "day_closed"
    REGISTRY_CHANGED = "registry_changed"
    RULES_CHANGED = "rules_changed"
    KEY = "key"
    RESTATED = "restated"
    SIGNED_OFF = "signed_off"
    OBJECTION = "objection"
    RULING = "ruling"
    RECEIPTS = "receipts"
    ACKNOWLEDGED = "acknowledged"
    VERDICTS = "verdicts"
    HELD = "archive_held"
    RELEASED = "archive_released"
    PRUNED = "archive_pruned"
    REPORT_REQUESTED = "report_requested"
    REQUEST_WITHDRAWN = "request_withdrawn"
    INSPECTION = "inspection"
    CAMPAIGN = "campaign_imported"


@dataclass(frozen=True, slots=True)
class NewAuditEntry:
    """What is to be written. `actor` is a person, or the part of the product that did it."""

    at_ms: int
    kind: AuditKind
    subject: str
    actor: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry as it stands; `previous` is the digest of the one before."""

    number: int
    at_ms: int
    kind: str
    subject: str
    actor: str
    content: Mapping[str, Any]
    previous: str
    digest: str

    def computed(self) -> str:
        """The digest that its content and its predecessor give."""
        return digest_of(
            self.number, self.previous, self.at_ms, self.kind, self.subject, self.actor, self.content
        )


def digest_of(
    number: int,
    previous: str,
    at_ms: int,
    kind: str,
    subject: str,
    actor: str,
    content: Mapping[str, Any],
) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    said = canonical_json([number, previous, at_ms, kind, subject, actor, content])
    return f"sha256:{sha256(said.encode()).hexdigest()}"


def merkle_root(leaves: Sequence[bytes]) -> str:
    """The tree's head over the leaves in their order."""
    return f"sha256:{_tree([_leaf(one) for one in leaves]).hex()}"


def merkle_path(leaves: Sequence[bytes], index: int) -> list[str]:
    """What proves that the leaf stands at its place: the hashes beside its way up, from the leaf to the root."""
    return [one.hex() for one in _path([_leaf(leaf) for leaf in leaves], index)]


def proves(leaf: bytes, index: int, size: int, path: Sequence[str], root: str) -> bool:
    """Whether the path leads from the leaf at this place of so many to the root."""
    node, last = _leaf(leaf), size - 1
    if not 0 <= index <= last:
        return False
    for step in path:
        if last == 0:
            return False
        beside = bytes.fromhex(step)
        if index % 2 or index == last:
            node = _inner(beside, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = _inner(node, beside)
        index, last = index // 2, last // 2
    return last == 0 and f"sha256:{node.hex()}" == root


def _leaf(content: bytes) -> bytes:
    return sha256(b"\x00" + content).digest()


def _inner(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The greatest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _tree(nodes: Sequence[bytes]) -> bytes:
    if not nodes:
        return sha256().digest()
    if len(nodes) == 1:
        return nodes[0]
    half = _split(len(nodes))
    return _inner(_tree(nodes[:half]), _tree(nodes[half:]))


def _path(nodes: Sequence[bytes], index: int) -> list[bytes]:
    if len(nodes) <= 1:
        return []
    half = _split(len(nodes))
    if index < half:
        return [*_path(nodes[:half], index), _tree(nodes[half:])]
    return [*_path(nodes[half:], index - half), _tree(nodes[:half])]
