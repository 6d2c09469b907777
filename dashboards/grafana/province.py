"""The province wall: how everything stands, and how the days were."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.console.texts import Language
from dashboards.grafana import decided, questions
from dashboards.grafana.board import Grid, board, uid_of
from dashboards.grafana.flux import equals
from dashboards.grafana.marks import closed_days
from dashboards.grafana.panels import Panels
from dashboards.grafana.ways import to_dashboard

STATION, LINK = equals("kind", "station"), equals("kind", "link")
# Together they are the province, which has a sum of its own only once a day is closed.
ENTERPRISES = equals("scope", "enterprise")


def province(language: Language) -> Dashboard:
    """The dashboard."""
    panels = Panels(language)
    grid = Grid(board("province", language, annotations=[closed_days(language), decided.marks(language)]))
    station = [
        to_dashboard(
            panels.text("open_station"),
            uid_of("station", language),
            {"station": "${__value.raw:percentencode}"},
        )
    ]
    owner = [
        to_dashboard(
            panels.text("open_enterprise"),
            uid_of("enterprise", language),
            {"enterprise": "${__value.raw:percentencode}"},
        )
    ]
    grid.put(panels.counts("stations_by_state", questions.counts(STATION)), 12, 5)
    grid.put(panels.counts("links_by_state", questions.counts(LINK)), 12, 5)
    grid.put(panels.ratios("availability_of_range", questions.ratios(ENTERPRISES, STATION)), 24, 4)
    by_day = questions.ratio_by_day("id", ENTERPRISES, STATION)
    grid.put(panels.availability_lines("availability_by_day", by_day, "${__field.labels.id}"), 12, 9)
    grid.put(panels.by_state("time_by_state_and_day", questions.seconds_by_day(ENTERPRISES, STATION)), 12, 9)
    places = questions.standing(
        "element", "name", "enterprise", "unit", "state", "lat", "lon", where=(STATION,)
    )
    grid.put(panels.map("map", places, station), 12, 20)
    grid.put(
        panels.table(
            "open_outages",
            questions.outages(),
            {
                "element": panels.element_column(station),
                "name": panels.column("name"),
                "enterprise": panels.column("enterprise", links=owner),
                "since": panels.column("since"),
                "cause": panels.column("cause"),
            },
            empty="no_outages",
        ),
        12,
        10,
    )
    grid.put(
        panels.sums(
            "worst_stations",
            questions.element_sums(STATION, worst=20),
            {"enterprise": panels.column("enterprise", links=owner)},
            station,
        ),
        12,
        10,
    )
    grid.put(
        panels.sums(
            "enterprises_panel",
            questions.enterprise_sums(STATION),
            {"id": panels.column("enterprise", links=owner)},
            station,
        ),
        12,
        9,
    )
    grid.put(
        panels.sums(
            "units_panel",
            questions.unit_sums(STATION),
            {},
            station,
            sort=panels.text("down"),
        ),
        12,
        9,
    )
    grid.put(decided.table(panels, decided.decisions(), station), 24, 8)
    grid.put(panels.note("province_note"), 24, 6)
    return grid.made
