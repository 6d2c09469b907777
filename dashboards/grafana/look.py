"""How states and ratios look in Grafana: the console's colours, thresholds, value mappings."""

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from dashboards.console.palette import LOOKS
from dashboards.console.texts import Language
from dashboards.grafana.texts import text
from schemas.influx import RESULTS
from schemas.status import Reading

# No legal threshold: availability of single stations has none. It is the level at which a person looks.
OPERATIONAL_LEVEL: Final = 0.995
LOW_COVERAGE: Final = 0.8
MOST_SPENT: Final = 0.75
# QCVN 34:2019: mean use of each uplink, and of an international one.
USE_LIMIT: Final = 0.8
USE_LIMIT_INTERNATIONAL: Final = 0.9
BY_BADNESS: Final = sorted(LOOKS, key=lambda reading: -LOOKS[reading].badness)


@cache
def colour(name: str) -> str:
    """The console's colour of that name (its dark theme's), from its own stylesheet."""
    sheet = files("dashboards.console").joinpath("static/console.css").read_text("utf-8")
    found = re.search(rf"--{re.escape(name)}: (#[0-9a-f]{{6}});", sheet)
    if found is None:
        raise KeyError(f"console.css has no colour --{name}")
    return found[1]


def state_colour(reading: Reading) -> str:
    """A state's colour."""
    return colour(LOOKS[reading].name)


def state_mappings(language: Language) -> list[ValueMapping]:
    """State codes as words in their colours, with their shapes: no state is told by colour alone."""
    return [
        ValueMap(
            {
                str(int(reading)): ValueMappingResult(
                    text=f"{LOOKS[reading].glyph} {text(LOOKS[reading].name, language)}",
                    color=state_colour(reading),
                    index=index,
                )
                for index, reading in enumerate(BY_BADNESS)
            }
        )
    ]


@cache
def unit_names() -> list[ValueMapping]:
    """Area codes as the names of the province's communes and wards, where the code is one of theirs."""
    rows = csv.DictReader(
        files("schemas.provinces").joinpath("lang_son/units.csv").read_text("utf-8").splitlines()
    )
    today = {row["code"]: row["name"] for row in rows if not row["valid_to"]}
    return [
        ValueMap(
            {
                code: ValueMappingResult(text=name, index=index)
                for index, (code, name) in enumerate(sorted(today.items()))
            }
        )
    ]


def nothing_as_text(language: Language) -> list[ValueMapping]:
    """A ratio that doesn't exist is said, not shown as an empty cell."""
    return [
        SpecialValueMap(
            DashboardSpecialValueMapOptions(
                match=SpecialValueMatch.NULL_AND_NAN,
                result=ValueMappingResult(text=text("no_figure", language), color=colour("unknown")),
            )
        )
    ]


def none_decided(language: Language) -> list[ValueMapping]:
    """Nothing was decided: the figure is as it was closed."""
    return [
        SpecialValueMap(
            DashboardSpecialValueMapOptions(
                match=SpecialValueMatch.NULL_AND_NAN,
                result=ValueMappingResult(text=text("unchanged", language), color=colour("unknown")),
            )
        )
    ]


def steps(base: str, *above: tuple[float, str]) -> ThresholdsConfig:
    """Absolute thresholds: the base colour, and from each value on another one."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=None, color=base), *(Threshold(value=v, color=c) for v, c in above)])
    )


def availability_steps() -> ThresholdsConfig:
    """Below the operational level is told apart."""
    return steps(colour("down"), (OPERATIONAL_LEVEL, colour("up")))


def no_steps() -> ThresholdsConfig:
    """One colour for every number."""
    return steps(colour("unknown"))


def coverage_steps() -> ThresholdsConfig:
    """Little data is told apart."""
    return steps(colour("unknown"), (LOW_COVERAGE, colour("up")))


def use_steps() -> ThresholdsConfig:
    """From the limit of an uplink on, and from that of an international one on."""
    return steps(colour("up"), (USE_LIMIT, colour("degraded")), (USE_LIMIT_INTERNATIONAL, colour("down")))


def budget_steps() -> ThresholdsConfig:
    """From three quarters of an error budget on, and when it is spent."""
    return steps(colour("up"), (MOST_SPENT, colour("degraded")), (1, colour("down")))


def result_mappings(language: Language) -> list[ValueMapping]:
    """Verdicts' codes as words; what can't be decided has the colour of what is unknown."""
    looks = {
        "pass": ("result_pass", "up"),
        "fail": ("result_fail", "down"),
        "not_decidable": ("result_not_decidable", "unknown"),
        "not_applicable": ("result_not_applicable", "unknown"),
    }
    return [
        ValueMap(
            {
                str(RESULTS[name]): ValueMappingResult(
                    text=text(key, language), color=colour(shade), index=RESULTS[name]
                )
                for name, (key, shade) in looks.items()
            }
        )
    ]


def reading_mappings(language: Language) -> list[ValueMapping]:
    """Names of a track's readings as words in the states' colours, with their shapes."""
    return [
        ValueMap(
            {
                look.name: ValueMappingResult(
                    text=f"{look.glyph} {text(look.name, language)}",
                    color=state_colour(reading),
                    index=int(reading),
                )
                for reading, look in LOOKS.items()
                if reading is not Reading.PLANNED
            }
        )
    ]


def word_mappings(words: Mapping[str, str], language: Language) -> list[ValueMapping]:
    """Names of the schema as words, by the texts' keys."""
    return [
        ValueMap(
            {
                name: ValueMappingResult(text=text(key, language), index=index)
                for index, (name, key) in enumerate(words.items())
            }
        )
    ]


METHODS: Final = {
    "samples": "method_samples",
    "ratio": "method_ratio",
    "mean": "method_mean",
    "percentile": "method_percentile",
}
STANDINGS: Final = {
    "open": "standing_open",
    "provisional": "standing_provisional",
    "final": "standing_final",
    "restated": "standing_restated",
}
PERIODS: Final = {"month": "period_month", "quarter": "period_quarter"}
FORCES: Final = {"legal": "force_legal", "declared": "force_declared", "operational": "force_operational"}


def fixed(name: str) -> FieldColor:
    """One colour for the field."""
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour(name))


def by_thresholds() -> FieldColor:
    """The colour of the threshold that the value has reached."""
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def properties(**values: object) -> list[DynamicConfigValue]:
    """An override's properties; `__` in a name stands for a point (custom__hidden)."""
    return [DynamicConfigValue(id_val=name.replace("__", "."), value=value) for name, value in values.items()]


def state_properties(
    names: Iterable[tuple[str, Reading]], language: Language
) -> Iterable[tuple[str, list[DynamicConfigValue]]]:
    """For each column of a state: its name in the language and its colour."""
    for column, reading in names:
        yield (
            column,
            properties(
                displayName=f"{LOOKS[reading].glyph} {text(LOOKS[reading].name, language)}",
                color={"mode": "fixed", "fixedColor": state_colour(reading)},
            ),
        )
