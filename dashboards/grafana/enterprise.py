"""One enterprise: its stations or links, its days, what it did not declare."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.console.texts import Language
from dashboards.grafana import decided, questions, variables
from dashboards.grafana.board import Grid, board, uid_of
from dashboards.grafana.flux import chosen, equals, one
from dashboards.grafana.marks import closed_days, planned_work
from dashboards.grafana.panels import Panels
from dashboards.grafana.ways import to_dashboard

OWNER, KIND, UNIT = one("enterprise", "enterprise"), one("kind", "kind"), chosen("unit", "unit")
# Its figures as a scope of its own.
ITS_SCOPE = (equals("scope", "enterprise"), one("id", "enterprise"))


def enterprise(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "enterprise",
        language,
        variables=[
            variables.enterprise(language, several=False),
            variables.kind(language),
            variables.unit(language),
        ],
        annotations=[
            planned_work(language, OWNER, KIND, UNIT),
            closed_days(language),
            decided.marks(language, OWNER, KIND, UNIT),
        ],
    )
    grid = Grid(made)
    station = [
        to_dashboard(
            panels.text("open_station"),
            uid_of("station", language),
            {"station": "${__value.raw:percentencode}"},
        )
    ]
    grid.put(panels.counts("state_now", questions.counts(OWNER, KIND, UNIT)), 12, 5)
    grid.put(panels.ratios("availability_of_range", questions.ratios(*ITS_SCOPE, KIND)), 12, 5)
    by_day = questions.ratio_by_day("kind", *ITS_SCOPE)
    grid.put(panels.availability_lines("availability_by_day", by_day, "${__field.labels.kind}"), 12, 8)
    grid.put(panels.by_state("time_by_state_and_day", questions.seconds_by_day(*ITS_SCOPE, KIND)), 12, 8)
    for title, field, unit in (
        ("outages_by_day", "outages", "short"),
        ("undeclared_by_day", "undeclared_s", "dtdurations"),
    ):
        asked = questions.scope_by_day(field, "kind", *ITS_SCOPE)
        label = "${__field.labels.kind}"
        grid.put(panels.lines(title, asked, unit=unit, label=label, empty="no_days", draw="bars"), 12, 7)
    worst = questions.timeline_of_worst(OWNER, KIND, UNIT)
    grid.put(panels.timeline("timeline_of_worst", worst, "${__field.labels.element}"), 24, 14)
    grid.put(
        panels.table(
            "open_outages",
            questions.outages(OWNER, UNIT),
            {
                "element": panels.element_column(station),
                "name": panels.column("name"),
                "enterprise": panels.column("enterprise"),
                "since": panels.column("since"),
                "cause": panels.column("cause"),
            },
            empty="no_outages",
        ),
        10,
        14,
    )
    grid.put(
        panels.sums(
            "all_elements",
            questions.element_sums(OWNER, KIND, UNIT, fields=("undeclared_s",)),
            {},
            station,
            sort=panels.text("down"),
        ),
        14,
        14,
    )
    grid.put(decided.table(panels, decided.decisions(OWNER, KIND, UNIT), station), 24, 8)
    return grid.made
