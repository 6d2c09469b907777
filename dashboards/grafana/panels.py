"""Panels of the kinds that the dashboards use, all in one style: titles and columns in the language, states in their colours."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import geomap as build_geomap
from grafana_foundation_sdk.builders import stat as build_stat
from grafana_foundation_sdk.builders import statetimeline as build_timeline
from grafana_foundation_sdk.builders import table as build_table
from grafana_foundation_sdk.builders import text as build_text
from grafana_foundation_sdk.builders import timeseries as build_timeseries
from grafana_foundation_sdk.models import common, geomap
from grafana_foundation_sdk.models.text import TextMode

from dashboards.grafana import look
from dashboards.grafana.columns import Columns, Properties
from dashboards.grafana.flux import FluxTarget, Query, datasource
from schemas.status import Reading

STATE_COLUMNS: Final = (
    ("down", Reading.DOWN),
    ("degraded", Reading.DEGRADED),
    ("unknown", Reading.UNKNOWN),
    ("planned", Reading.PLANNED),
    ("up", Reading.UP),
)
SECONDS_COLUMNS: Final = tuple((f"{name}_s", reading) for name, reading in STATE_COLUMNS)
# Windows are never shorter: sub-second ones are no Flux, and nothing is measured more often.
LEAST_WINDOW: Final = "1m"
# Windows that are put together over partitions or parts cost the server much more than reading them.
FEW_POINTS: Final = 200


class Panels(Columns):
    """Makes panels in one language."""

    def counts(self, title: str, query: Query) -> build_stat.Panel:
        """One tile a state, with how many are in it now."""
        panel = self._stat(title, query, "no_states").graph_mode(common.BigValueGraphMode.NONE)
        for column, properties in look.state_properties(STATE_COLUMNS, self.language):
            panel = panel.override_by_name(column, properties)
        return panel

    def states(self, title: str, query: Query, names: Mapping[str, str]) -> build_stat.Panel:
        """One tile a column, whose code is shown as the state's word."""
        panel = self._stat(title, query, "no_states").mappings(look.state_mappings(self.language))
        for column, key in names.items():
            panel = panel.override_by_name(column, look.properties(displayName=self.text(key)))
        return panel.color_mode(common.BigValueColorMode.BACKGROUND).graph_mode(common.BigValueGraphMode.NONE)

    def ratios(self, title: str, query: Query) -> build_stat.Panel:
        """Availability, its bounds, and never without its coverage."""
        panel = (
            self._stat(title, query, "no_days")
            .unit("percentunit")
            .decimals(2)
            .graph_mode(common.BigValueGraphMode.NONE)
            .mappings(look.nothing_as_text(self.language))
            .thresholds(look.availability_steps())
            .color_scheme(look.by_thresholds())
        )
        for column in ("A", "A_min", "A_max"):
            panel = panel.override_by_name(column, look.properties(displayName=self.text(column)))
        for column, told in self.changed().items():
            panel = panel.override_by_name(column, told)
        return panel.override_by_name(
            "coverage",
            look.properties(displayName=self.text("coverage"), thresholds=look.coverage_steps().build()),
        )

    def numbers(
        self, title: str, query: Query, columns: Properties, *, empty: str = "no_days"
    ) -> build_stat.Panel:
        """One tile a column."""
        panel = self._stat(title, query, empty).graph_mode(common.BigValueGraphMode.NONE)
        for column, properties in columns.items():
            panel = panel.override_by_name(column, properties)
        return panel

    def _stat(self, title: str, query: Query, empty: str) -> build_stat.Panel:
        return (
            build_stat.Panel()
            .title(self.text(title))
            .datasource(datasource())
            .with_target(FluxTarget("A", query.flux, query.columns))
            .no_value(self.text(empty))
            .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
            .reduce_options(
                build_common.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/").values(values=False)
            )
        )

    def lines(
        self,
        title: str,
        query: Query,
        *,
        unit: str,
        label: str = "",
        empty: str = "no_numbers",
        draw: Literal["line", "bars", "stacked", "percent"] = "line",
    ) -> build_timeseries.Panel:
        """A line (or bar) over time for each series, named by a label."""
        panel = (
            build_timeseries.Panel()
            .title(self.text(title))
            .datasource(datasource())
            .with_target(FluxTarget("A", query.flux, query.columns))
            .unit(unit)
            .interval(LEAST_WINDOW)
            .no_value(self.text(empty))
            .show_points(common.VisibilityMode.AUTO)
            .tooltip(
                build_common.VizTooltipOptions()
                .mode(common.TooltipDisplayMode.MULTI)
                .sort(common.SortOrder.DESCENDING)
            )
            .legend(
                build_common.VizLegendOptions()
                .display_mode(common.LegendDisplayMode.LIST)
                .placement(common.LegendPlacement.BOTTOM)
                .show_legend(show_legend=True)
                .calcs([])
            )
        )
        if label:
            panel = panel.display_name(label)
        if draw != "line":
            panel = panel.draw_style(common.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
        if draw in {"stacked", "percent"}:
            mode = common.StackingMode.NORMAL if draw == "stacked" else common.StackingMode.PERCENT
            panel = panel.stacking(build_common.StackingConfig().mode(mode).group("A"))
        return panel

    def by_state(self, title: str, query: Query) -> build_timeseries.Panel:
        """Shares of time by state, in the states' colours, the worst at the bottom."""
        panel = self.lines(title, query, unit="s", empty="no_days", draw="percent")
        for column, properties in look.state_properties(SECONDS_COLUMNS, self.language):
            panel = panel.override_by_name(column, properties)
        return panel

    def availability_lines(self, title: str, query: Query, label: str = "") -> build_timeseries.Panel:
        """Ratios over time, with the operational level drawn."""
        return (
            self.lines(title, query, unit="percentunit", label=label, empty="no_days")
            .decimals(2)
            .max(1)
            .axis_soft_min(0.98)
            .thresholds(look.steps("transparent", (look.OPERATIONAL_LEVEL, look.colour("planned"))))
            .thresholds_style(
                build_common.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
            )
        )

    def timeline(self, title: str, query: Query, label: str) -> build_timeline.Panel:
        """One strip an element; planned and unknown have colours of their own."""
        return (
            build_timeline.Panel()
            .title(self.text(title))
            .datasource(datasource())
            .with_target(FluxTarget("A", query.flux, query.columns))
            .display_name(label)
            .no_value(self.text("no_states"))
            .mappings(look.state_mappings(self.language))
            .show_value(common.VisibilityMode.NEVER)
            .merge_values(merge_values=True)
            .row_height(0.9)
            .line_width(0)
            .fill_opacity(90)
            .per_page(30)
        )

    def table(
        self,
        title: str,
        query: Query,
        columns: Properties,
        *,
        empty: str,
        sort: str = "",
    ) -> build_table.Panel:
        """The columns in the query's order, with their own names, units and links."""
        panel = (
            build_table.Panel()
            .title(self.text(title))
            .datasource(datasource())
            .with_target(FluxTarget("A", query.flux, query.columns))
            .no_value(self.text(empty))
            .cell_height(common.TableCellHeight.SM)
            .filterable(filterable=True)
            .cell_options(common.TableAutoCellOptions())
        )
        if sort:
            panel = panel.sort_by([build_common.TableSortByFieldState().display_name(sort).desc(desc=True)])
        for column, properties in columns.items():
            panel = panel.override_by_name(column, properties)
        return panel

    def sums(
        self,
        title: str,
        query: Query,
        columns: Properties,
        station: Sequence[dict[str, object]],
        *,
        sort: str = "",
    ) -> build_table.Panel:
        """A table of sums and ratios, whose columns are called and coloured alike everywhere."""
        known = {
            "element": self.element_column(station),
            "enterprise": self.column("enterprise"),
            "unit": self.column("unit", mappings=self.unit_names()),
            "A": self.ratio_column("A", coloured=True),
            "A_min": self.ratio_column("A_min"),
            "A_max": self.ratio_column("A_max"),
            "coverage": self.ratio_column("coverage"),
            "down_s": self.seconds_column("", Reading.DOWN),
            "outages": self.column("outages"),
            "undeclared_s": self.seconds_column("undeclared"),
            **self.changed(),
        }
        named = {column: known[column] for column in query.columns if column in known}
        return self.table(title, query, {**named, **columns}, empty="no_days", sort=sort)

    def map(self, title: str, query: Query, links: Sequence[dict[str, object]]) -> build_geomap.Panel:
        """Stations where they stand, in their states' colours, above the basemap that the server is set to."""
        style = {
            "color": {"field": "state", "fixed": look.colour("unknown")},
            "opacity": 0.9,
            "size": {"fixed": 6, "min": 4, "max": 10},
            "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        }
        layer = (
            build_common.MapLayerOptions()
            .type("markers")
            .name(self.text("stations"))
            .config({"showLegend": True, "style": style})
            .location(
                build_common.FrameGeometrySource()
                .mode(common.FrameGeometrySourceMode.COORDS)
                .latitude("lat")
                .longitude("lon")
            )
            .tooltip(tooltip=True)
        )
        return (
            build_geomap.Panel()
            .title(self.text(title))
            .datasource(datasource())
            .with_target(FluxTarget("A", query.flux, query.columns))
            .no_value(self.text("no_states"))
            .basemap(build_common.MapLayerOptions().type("default").name("basemap"))
            .layers([layer])
            .view(
                build_geomap.MapViewConfig().id(geomap.MapCenterID.FIT).all_layers(all_layers=True).zoom(15)
            )
            .controls(
                build_geomap.ControlsOptions()
                .show_zoom(show_zoom=True)
                .mouse_wheel_zoom(mouse_wheel_zoom=True)
                .show_attribution(show_attribution=True)
            )
            .tooltip(build_geomap.TooltipOptions().mode(geomap.TooltipMode.DETAILS))
            .override_by_name(
                "state",
                look.properties(displayName=self.text("state"), mappings=look.state_mappings(self.language)),
            )
            .override_by_name("element", look.properties(displayName=self.text("id"), links=list(links)))
            .override_by_name("name", look.properties(displayName=self.text("name")))
        )

    def note(self, key: str) -> build_text.Panel:
        """Words on the dashboard."""
        return (
            build_text.Panel()
            .title(self.text("notes"))
            .mode(TextMode.MARKDOWN)
            .content(self.text(key))
            .transparent(transparent=True)
        )
