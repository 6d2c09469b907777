"""Compliance: how enterprises stand against what is asked of them over time, and what averages hide."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from dashboards.console.texts import Language
from dashboards.grafana import decided, look, questions, variables, verdict_questions
from dashboards.grafana.board import Grid, board, uid_of
from dashboards.grafana.flux import chosen, equals
from dashboards.grafana.marks import closed_days
from dashboards.grafana.panels import Panels
from dashboards.grafana.ways import to_dashboard

STATION: Final = equals("kind", "station")
OWNER: Final = chosen("enterprise", "enterprise")
ITS_SCOPE: Final = (equals("scope", "enterprise"), chosen("id", "enterprise"))
# The quarter that holds today.
THIS_QUARTER: Final = ("now/fQ", "now")


def compliance(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "compliance",
        language,
        variables=[variables.enterprise(language)],
        annotations=[closed_days(language), decided.marks(language, OWNER)],
        time=THIS_QUARTER,
        refresh="5m",
    )
    grid = Grid(made)
    station = [
        to_dashboard(
            panels.text("open_station"),
            uid_of("station", language),
            {"station": "${__value.raw:percentencode}"},
        )
    ]
    word = [
        to_dashboard(
            panels.text("open_declared"),
            uid_of("declared", language),
            {"enterprise": "${__value.raw:percentencode}"},
        )
    ]
    owner = panels.column("enterprise", links=word)
    grid.put(_verdicts(panels, owner), 24, 9)
    grid.put(_budgets(panels, owner), 14, 9)
    grid.put(
        panels.table(
            "failing_indicators",
            verdict_questions.failing(OWNER),
            {
                "enterprise": owner,
                "service": panels.column("service"),
                "failing": panels.column(
                    "failing",
                    thresholds=look.steps(look.colour("up"), (1, look.colour("down"))).build(),
                    color={"mode": "thresholds"},
                    custom__cellOptions={"type": "color-text"},
                ),
            },
            empty="no_verdicts",
        ),
        10,
        9,
    )
    by_day = questions.ratio_by_day("id", *ITS_SCOPE, STATION)
    grid.put(panels.availability_lines("availability_by_day", by_day, "${__field.labels.id}"), 24, 8)
    grid.put(
        panels.sums(
            "worst_stations",
            questions.element_sums(STATION, OWNER, worst=20),
            {"enterprise": owner},
            station,
        ),
        12,
        10,
    )
    grid.put(_spread(panels), 12, 10)
    grid.put(
        panels.table(
            "dark_units",
            verdict_questions.dark_units(),
            {
                "unit": panels.column("unit", mappings=panels.unit_names()),
                "dark_s": panels.seconds_column("dark"),
                "longest_s": panels.seconds_column("longest"),
                "stations": panels.column("stations"),
            },
            empty="none_dark",
        ),
        12,
        8,
    )
    grid.put(
        panels.table(
            "stations_by_result",
            verdict_questions.element_results(OWNER, STATION),
            {
                "enterprise": owner,
                "rule": panels.column("rule"),
                "failed": panels.column("failed"),
                "passed": panels.column("passed"),
                "not_decidable": panels.column("not_decidable"),
            },
            empty="no_verdicts",
        ),
        12,
        8,
    )
    grid.put(decided.table(panels, decided.decisions(OWNER, STATION), station), 24, 8)
    grid.put(_indicators(panels, owner), 24, 9)
    grid.put(panels.note("compliance_note"), 24, 7)
    return grid.made


def _verdicts(panels: Panels, owner: list[DynamicConfigValue]) -> object:
    return panels.table(
        "verdicts",
        verdict_questions.verdicts(OWNER),
        {
            "enterprise": owner,
            "rule": panels.column("rule"),
            "period": panels.column("period", mappings=look.word_mappings(look.PERIODS, panels.language)),
            "_time": panels.column("period_start", unit="time:YYYY-MM-DD"),
            "verdict": panels.column(
                "result",
                mappings=look.result_mappings(panels.language),
                custom__cellOptions={"type": "color-text"},
            ),
            "force": panels.column("force", mappings=look.word_mappings(look.FORCES, panels.language)),
            "availability": panels.ratio_column("d_net"),
            "gross": panels.ratio_column("d_gross"),
            "threshold": panels.ratio_column("threshold"),
            "coverage": panels.ratio_column("coverage"),
            "down_s": panels.seconds_column("down"),
            "open_days": panels.column("open_days"),
            "standing": panels.column(
                "standing", mappings=look.word_mappings(look.STANDINGS, panels.language)
            ),
            "adjusted_days": panels.column("adjusted_days"),
            "restated_days": panels.column("restated_days"),
            "reason": panels.column("reason"),
        },
        empty="no_verdicts",
    )


def _indicators(panels: Panels, owner: list[DynamicConfigValue]) -> object:
    return panels.table(
        "indicators",
        verdict_questions.indicators(OWNER),
        {
            "enterprise": owner,
            "service": panels.column("service"),
            "indicator": panels.column("indicator"),
            "method": panels.column("method", mappings=look.word_mappings(look.METHODS, panels.language)),
            "verdict": panels.column(
                "result",
                mappings=look.result_mappings(panels.language),
                custom__cellOptions={"type": "color-text"},
            ),
            "value": panels.column("value"),
            "threshold": panels.column("threshold"),
            "unit": panels.column("unit_of_value"),
            "counted": panels.column("counted"),
            "verdicts": panels.column("campaigns"),
            "force": panels.column("force", mappings=look.word_mappings(look.FORCES, panels.language)),
            "reason": panels.column("reason"),
        },
        empty="no_measurements",
    )


def _budgets(panels: Panels, owner: list[DynamicConfigValue]) -> object:
    return panels.table(
        "budgets",
        verdict_questions.budgets(OWNER),
        {
            "enterprise": owner,
            "rule": panels.column("rule"),
            "period": panels.column("period", mappings=look.word_mappings(look.PERIODS, panels.language)),
            "_time": panels.column("period_start", unit="time:YYYY-MM-DD"),
            "budget_s": panels.seconds_column("budget"),
            "spent_s": panels.seconds_column("spent"),
            "left_s": panels.seconds_column("left"),
            "used": panels.column(
                "used",
                unit="percentunit",
                decimals=1,
                min=0,
                max=1,
                thresholds=look.budget_steps().build(),
                color={"mode": "thresholds"},
                custom__cellOptions={"type": "gauge", "mode": "basic"},
            ),
        },
        empty="no_verdicts",
    )


def _spread(panels: Panels) -> object:
    return panels.table(
        "spread",
        verdict_questions.spread(*ITS_SCOPE, STATION),
        {
            "id": panels.column("enterprise"),
            "period": panels.column("period", mappings=look.word_mappings(look.PERIODS, panels.language)),
            "_time": panels.column("period_start", unit="time:YYYY-MM-DD"),
            "elements": panels.column("stations"),
            "over_1h": panels.column("over_1h"),
            "over_4h": panels.column("over_4h"),
            "over_24h": panels.column("over_24h"),
            "worst_share": panels.ratio_column("worst_share"),
        },
        empty="no_verdicts",
    )
