"""The tables of stations and links: rows as plain values, keyed by id, and what changed between two of them.

Rows hold numbers and names, no text in a language: one list serves every page. Availability is cut to what is
shown, so that a row is sent again only when a reader would see a difference.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.console.formats import cut
from dashboards.console.texts import TEXTS, Language
from dashboards.console.view import ElementNow
from schemas.registry import Kind
from stores.ledger.periods import PeriodFigure

from .live import Snapshot

Row = dict[str, Any]


def rows(snapshot: Snapshot, kind: Kind, ids: Iterable[str] | None = None) -> dict[str, Row]:
    """The rows of one kind by id; of the given ids only, if any are given."""
    elements: Mapping[str, ElementNow] = snapshot.elements
    wanted = elements.keys() if ids is None else ids
    return {
        id_: _row(elements[id_], snapshot.today.of(id_), snapshot.month.of(id_))
        for id_ in wanted
        if id_ in elements and elements[id_].element.kind is kind
    }


def transaction(before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, list[Row]]:
    """AG Grid's transaction from one state of the rows to another; empty when nothing differs."""
    found = {
        "add": [row for id_, row in after.items() if id_ not in before],
        "update": [row for id_, row in after.items() if id_ in before and before[id_] != row],
        "remove": [{"id": id_} for id_ in before if id_ not in after],
    }
    return {name: part for name, part in found.items() if part}


def _row(now: ElementNow, today: PeriodFigure, month: PeriodFigure) -> Row:
    element = now.element
    return {
        "id": element.id,
        "n": element.name,
        "e": now.enterprise_name,
        "u": now.unit_name,
        "t": ";".join(element.technologies) or element.medium or "",
        "ends": f"{element.a_end or '?'} – {element.b_end or '?'}" if element.kind is Kind.LINK else "",
        "s": int(now.state),
        "at": now.since_ms,
        "c": now.cause or "",
        "m": int(now.measured.reading),
        "d": int(now.declared.reading),
        **_figure("d1", today),
        **_figure("m1", month),
        "n1": month.figure.outages,
        "l1": month.figure.longest_s,
    }


def _figure(name: str, period: PeriodFigure) -> Row:
    ratios = period.figure.ratios()
    availability, coverage = ratios["A"], ratios["coverage"]
    return {
        name: None if availability is None else cut(availability, 2),
        name + "c": None if coverage is None else cut(coverage, 0),
        **({name + "a": period.adjusted_days} if period.adjusted_days else {}),
    }


def options(kind: Kind, language: Language, data: Iterable[Row]) -> dict[str, Any]:
    """AG Grid's options. Names that begin with a colon are JavaScript, from our own console.js."""

    def head(key: str) -> dict[str, str]:
        return {
            "headerName": TEXTS[key].in_(language),
            "headerTooltip": TEXTS[key].in_(language.other),
        }

    where = (
        {"field": "u", **head("unit"), "width": 128}
        if kind is Kind.STATION
        else {"field": "ends", **head("ends"), "width": 200}
    )
    what = head("technology" if kind is Kind.STATION else "medium")
    columns = [
        {"field": "s", **head("state"), "width": 128, ":cellRenderer": "bw.state", ":comparator": "bw.worse"},
        {"field": "id", **head("id"), "width": 138, ":cellRenderer": "bw.link", "pinned": "left"},
        {"field": "n", **head("name"), "minWidth": 140, "flex": 1},
        {"field": "e", **head("enterprise"), "width": 112},
        where,
        {"field": "t", **what, "width": 104, ":valueFormatter": "p => (p.value || '').replaceAll(';', ' ')"},
        {"field": "at", **head("since"), "width": 124, ":valueFormatter": "bw.when"},
        {"field": "c", **head("cause"), "width": 124, ":valueFormatter": "bw.cause"},
        {"field": "m", **head("measured_short"), "width": 112, ":cellRenderer": "bw.state"},
        {"field": "d", **head("declared_short"), "width": 112, ":cellRenderer": "bw.state"},
        {"field": "d1", **head("availability_today"), "width": 166, ":cellRenderer": "bw.figure"},
        {"field": "m1", **head("availability_month"), "width": 166, ":cellRenderer": "bw.figure"},
        {"field": "n1", **head("outages"), "width": 88, "type": "rightAligned"},
        {
            "field": "l1",
            **head("longest"),
            "width": 120,
            ":valueFormatter": "bw.span",
            "type": "rightAligned",
        },
    ]
    return {
        "columnDefs": columns,
        "rowData": list(data),
        "defaultColDef": {
            "sortable": True,
            "resizable": True,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
        },
        "rowHeight": 30,
        ":getRowId": "p => p.data.id",
        ":onGridReady": f"p => bw.gridReady(p.api, '{kind}')",
        ":isExternalFilterPresent": "() => bw.filtering()",
        ":doesExternalFilterPass": "node => bw.passes(node.data)",
        ":onRowClicked": f"p => bw.open('{kind}', p)",
        ":onModelUpdated": "p => bw.countShown(p.api)",
        "asyncTransactionWaitMillis": 50,
        "suppressCellFocus": True,
        "tooltipShowDelay": 300,
        "animateRows": False,
    }
