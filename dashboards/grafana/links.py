"""Links: how they stand, and how much of them is used against QCVN 34's limits on mean use."""

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import common

from dashboards.console.texts import Language
from dashboards.grafana import look, numbers, questions, variables
from dashboards.grafana.board import Grid, board
from dashboards.grafana.flux import chosen, equals
from dashboards.grafana.marks import closed_days
from dashboards.grafana.panels import Panels

LINK = equals("kind", "link")
CHOSEN = (chosen("enterprise", "enterprise"), chosen("element", "link"))
LIMITS = (("above_80", look.USE_LIMIT), ("above_90", look.USE_LIMIT_INTERNATIONAL))


def links(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "links",
        language,
        variables=[variables.enterprise(language), variables.link(language)],
        annotations=[closed_days(language)],
        time=("now-90d/d", "now"),
        refresh="5m",
    )
    grid = Grid(made)
    grid.put(panels.counts("links_by_state", questions.counts(LINK, *CHOSEN)), 12, 5)
    grid.put(
        panels.numbers(
            "above_limit",
            numbers.above_limits(LIMITS, *CHOSEN),
            {
                "above_80": panels.column(
                    "above_80", color={"mode": "fixed", "fixedColor": look.colour("degraded")}
                ),
                "above_90": panels.column(
                    "above_90", color={"mode": "fixed", "fixedColor": look.colour("down")}
                ),
            },
            empty="no_numbers",
        ),
        12,
        5,
    )
    use = {"unit": "percentunit", "decimals": 1}
    against = {
        **use,
        "thresholds": look.use_steps().build(),
        "color": {"mode": "thresholds"},
        "custom.cellOptions": {"type": "gauge", "mode": "basic"},
        "min": 0,
        "max": 1,
    }
    grid.put(
        panels.table(
            "mean_use",
            numbers.mean_use(*CHOSEN),
            {
                "element": panels.column("link"),
                "enterprise": panels.column("enterprise"),
                "track": panels.column("track"),
                "in_use_mean": panels.column("mean_in", **use),
                "out_use_mean": panels.column("mean_out", **use),
                "busier": panels.column("busier", **against),
                "utilisation_max": panels.column("peak", **use),
            },
            empty="no_numbers",
        ),
        24,
        12,
    )
    label = "${__field.labels.element} (${__field.labels.track})"
    grid.put(
        panels.lines("use_by_time", numbers.busiest("utilisation", *CHOSEN), unit="percentunit", label=label)
        .min(0)
        .max(1)
        .thresholds(
            look.steps(
                "transparent",
                (look.USE_LIMIT, look.colour("degraded")),
                (look.USE_LIMIT_INTERNATIONAL, look.colour("down")),
            )
        )
        .thresholds_style(
            build_common.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        ),
        24,
        10,
    )
    grid.put(
        panels.lines("errors_by_time", numbers.busiest("in_errors_per_s", *CHOSEN), unit="pps", label=label),
        12,
        8,
    )
    by_day = questions.ratio_by_day("id", equals("scope", "enterprise"), LINK)
    grid.put(panels.availability_lines("availability_by_day", by_day, "${__field.labels.id}"), 12, 8)
    grid.put(panels.note("links_note"), 24, 5)
    return grid.made
