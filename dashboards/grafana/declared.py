"""Declared against measured: where the enterprise's word and the measurement part, and what it makes of the score."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.console.texts import Language
from dashboards.grafana import decided, look, questions, variables, word_questions
from dashboards.grafana.board import Grid, board, uid_of
from dashboards.grafana.compliance import THIS_QUARTER
from dashboards.grafana.flux import chosen, equals, one
from dashboards.grafana.marks import closed_days
from dashboards.grafana.panels import Panels
from dashboards.grafana.ways import to_dashboard

KIND: Final = one("kind", "kind")
OWNER: Final = chosen("enterprise", "enterprise")
ITS_SCOPE: Final = (equals("scope", "enterprise"), chosen("id", "enterprise"), KIND)


def declared(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "declared",
        language,
        variables=[variables.enterprise(language), variables.kind(language)],
        annotations=[closed_days(language), decided.marks(language, OWNER, KIND)],
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
    grid.put(_scores(panels), 24, 8)
    grid.put(panels.note("score_note"), 24, 7)
    grid.put(
        panels.table(
            "tracks_table",
            word_questions.table(*ITS_SCOPE),
            {
                "id": panels.column("enterprise"),
                "measured": panels.column("measured_as", mappings=look.reading_mappings(language)),
                "declared_up_s": panels.seconds_column("declared_up"),
                "declared_degraded_s": panels.seconds_column("declared_degraded"),
                "declared_down_s": panels.seconds_column("declared_down"),
                "declared_unknown_s": panels.seconds_column("declared_unknown"),
            },
            empty="no_days",
        ),
        12,
        10,
    )
    label = "${__field.labels.id}"
    grid.put(
        panels.lines(
            "score_by_day",
            word_questions.score_by_day(*ITS_SCOPE),
            unit="percentunit",
            label=label,
            empty="no_days",
        )
        .decimals(2)
        .max(1),
        12,
        10,
    )
    for title, field in (("undeclared_by_day", "undeclared_s"), ("over_declared_by_day", "false_alarm_s")):
        asked = questions.scope_by_day(field, "id", *ITS_SCOPE)
        grid.put(
            panels.lines(title, asked, unit="dtdurations", label=label, empty="no_days", draw="bars"), 12, 8
        )
    grid.put(
        panels.table(
            "most_apart",
            word_questions.worst(OWNER, KIND),
            {
                "element": panels.element_column(station),
                "enterprise": panels.column("enterprise"),
                "unit": panels.column("unit", mappings=panels.unit_names()),
                "agreement": panels.ratio_column("agreement"),
                "undeclared_s": panels.seconds_column("undeclared"),
                "false_alarm_s": panels.seconds_column("over_declared"),
            },
            empty="none_apart",
        ),
        24,
        10,
    )
    return grid.made


def _scores(panels: Panels) -> object:
    return panels.table(
        "scores",
        word_questions.scores(*ITS_SCOPE),
        {
            "id": panels.column("enterprise"),
            "score": panels.ratio_column("score"),
            "agreement": panels.ratio_column("agreement"),
            "late": panels.ratio_column("late_share"),
            "undeclared_s": panels.seconds_column("undeclared"),
            "false_alarm_s": panels.seconds_column("over_declared"),
            "both_s": panels.seconds_column("known_to_both"),
            "silent_s": panels.seconds_column("silent_word"),
            "declared_only_s": panels.seconds_column("word_only"),
            "adjusted_days": panels.column("adjusted_days"),
            "restated_days": panels.column("restated_days"),
        },
        empty="no_days",
    )
