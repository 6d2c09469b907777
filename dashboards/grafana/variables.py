"""What a reader chooses on top of a dashboard. Names are stable: addresses and links hold them."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import (
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
    VariableType,
)

from dashboards.console.texts import Language
from dashboards.grafana.committed import CONSOLE_VARIABLE, DATASOURCE_TYPE, DATASOURCE_UID
from dashboards.grafana.flux import START, chosen, datasource, program, read
from dashboards.grafana.texts import text
from schemas.settings.grafana import GrafanaSettings

Variable = Builder[VariableModel]
# `.*` also takes elements that lack the tag.
EVERYTHING: Final = ".*"
BUCKET: Final = "btswatch"


def around() -> list[Variable]:
    """Those of every dashboard: where the data is, and where the console."""
    return [
        DatasourceVariable("datasource")
        .type(DATASOURCE_TYPE)
        .regex("/^btswatch/")
        .current(VariableOption(text="btswatch", value=DATASOURCE_UID))
        .hide(VariableHide.HIDE_VARIABLE),
        Constant("bucket", BUCKET),
        Constant(CONSOLE_VARIABLE, GrafanaSettings().console_url),
    ]


class Constant(Builder[VariableModel]):
    """A value that nobody sees or chooses. The SDK's own builder can't hide one."""

    def __init__(self, name: str, value: str) -> None:
        self._model = VariableModel(
            type_val=VariableType.CONSTANT,
            name=name,
            query=value,
            hide=VariableHide.HIDE_VARIABLE,
            skip_url_sync=True,
        )

    def build(self) -> VariableModel:
        """The variable."""
        return self._model


def enterprise(language: Language, *, several: bool = True) -> Variable:
    """One or several enterprises."""
    return _chosen("enterprise", _values("now", "enterprise"), language, several=several)


def unit(language: Language) -> Variable:
    """Communes and wards, by their official codes."""
    return _chosen("unit", _values("now", "unit", chosen("enterprise", "enterprise")), language, several=True)


def station(language: Language) -> Variable:
    """One station of those enterprises and units."""
    where = ('r.kind == "station"', chosen("enterprise", "enterprise"), chosen("unit", "unit"))
    return _chosen("station", _values("now", "element", *where), language, several=False)


def link(language: Language) -> Variable:
    """Links of those enterprises."""
    where = ('r.kind == "link"', chosen("enterprise", "enterprise"))
    return _chosen("link", _values("now", "element", *where), language, several=True)


def kind(language: Language) -> Variable:
    """Stations or links."""
    pairs = ", ".join(
        f"{text(word, language)} : {value}" for word, value in (("stations", "station"), ("links", "link"))
    )
    return (
        CustomVariable("kind")
        .label(text("elements", language))
        .values(pairs)
        .current(VariableOption(text=text("stations", language), value="station"))
    )


def part(language: Language) -> Variable:
    """Parts of the product."""
    query = program(
        read("pipeline", "value"),
        '  |> keep(columns: ["part"])\n  |> group()\n  |> distinct(column: "part")\n  |> sort()',
    )
    return _chosen("part", query, language, several=True)


def _values(measurement: str, tag: str, *where: str) -> str:
    """The values of a tag in the time shown, and the two days before its beginning."""
    return program(
        read(measurement, "state", where=where, start=f"date.sub(d: 2d, from: {START})"),
        f'  |> last()\n  |> group()\n  |> filter(fn: (r) => exists r.{tag})\n  |> distinct(column: "{tag}")\n  |> sort()',
        imports=("date",),
    )


def _chosen(name: str, query: str, language: Language, *, several: bool) -> QueryVariable:
    variable = (
        QueryVariable(name)
        .label(text(name, language))
        .datasource(datasource())
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
    )
    if several:
        everything = VariableOption(text=[text("all", language)], value=["$__all"])
        variable = (
            variable.multi(multi=True).include_all(include_all=True).all_value(EVERYTHING).current(everything)
        )
    return variable
