"""One station: how it stands, how it was, and what its devices say of power, heat and cells."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.console.texts import Language
from dashboards.grafana import decided, questions, variables
from dashboards.grafana.board import Grid, board
from dashboards.grafana.flux import one
from dashboards.grafana.marks import closed_days, planned_work
from dashboards.grafana.numbers import of_element
from dashboards.grafana.panels import Panels
from dashboards.grafana.ways import address
from schemas.status import Reading

IT = one("element", "station")
CONSOLE_PAGE = "${console}/stations/${station:percentencode}"
# Title, unit, and the metrics that are drawn together.
NUMBERS = (
    ("power", "volt", ("battery_v",)),
    ("time_left", "m", ("battery_remaining_min",)),
    ("temperature", "celsius", ("temperature_c",)),
    ("cells_and_subscribers", "short", ("cells_in_service", "subscribers_registered")),
)


def station(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    made = board(
        "station",
        language,
        variables=[variables.enterprise(language), variables.unit(language), variables.station(language)],
        annotations=[planned_work(language, IT), closed_days(language), decided.marks(language, IT)],
        links=[address(panels.text("open_in_console"), CONSOLE_PAGE)],
        time=("now-7d/d", "now"),
    )
    grid = Grid(made)
    now = questions.standing("state", "measured", "declared", where=(IT,))
    names = {"state": "effective", "measured": "measured", "declared": "declared"}
    grid.put(panels.states("state_of_the_three", now, names), 12, 4)
    grid.put(
        panels.table(
            "state_now",
            questions.standing("element", "name", "enterprise", "unit", "cause", "place", where=(IT,)),
            {
                "element": panels.column("id", links=[console_link(panels)]),
                "name": panels.column("name"),
                "enterprise": panels.column("enterprise"),
                "unit": panels.column("unit", mappings=panels.unit_names()),
                "cause": panels.column("cause"),
                "place": panels.column("map"),
            },
            empty="no_states",
        ),
        12,
        4,
    )
    strip = questions.timeline(IT)
    grid.put(panels.timeline("timeline", strip, "${__field.labels.element}"), 24, 5)
    grid.put(panels.ratios("availability_of_range", questions.element_ratios(IT)), 14, 4)
    grid.put(
        panels.numbers(
            "figures_of_range",
            questions.element_outages(IT),
            {
                "outages": panels.column("outages"),
                "down_s": panels.seconds_column("", Reading.DOWN),
                "longest_s": panels.seconds_column("longest"),
                "undeclared_s": panels.seconds_column("undeclared"),
            },
        ),
        10,
        4,
    )
    grid.put(panels.by_state("time_by_state_and_hour", questions.seconds_by_hour(IT)), 14, 9)
    grid.put(
        panels.table(
            "changes",
            questions.changes(IT),
            {
                "_time": panels.column("time"),
                "state": panels.state_column(),
                "cause": panels.column("cause"),
            },
            empty="no_states",
        ),
        10,
        9,
    )
    grid.put(decided.table(panels, decided.decisions(IT), [console_link(panels)]), 24, 6)
    for title, unit, metrics in NUMBERS:
        asked = of_element("station", metrics, IT)
        grid.put(panels.lines(title, asked, unit=unit, label="${__field.labels.metric}"), 6, 8)
    return grid.made


def console_link(panels: Panels) -> dict[str, object]:
    """From the station's code to its page in the console."""
    return {"title": panels.text("open_in_console"), "url": CONSOLE_PAGE, "targetBlank": True}
