"""Columns of tables and tiles: their names in the language, their units, colours and links."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, ValueMapping

from dashboards.console.palette import LOOKS
from dashboards.console.texts import Language
from dashboards.grafana import look
from dashboards.grafana.texts import text
from schemas.status import Reading

Properties = Mapping[str, list[DynamicConfigValue]]


class Columns:
    """Describes columns in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def text(self, key: str) -> str:
        """The words of that name."""
        return text(key, self.language)

    def column(self, key: str, **more: object) -> list[DynamicConfigValue]:
        """A column's name in the language, and what else is to be said of it."""
        return look.properties(displayName=self.text(key), **more)

    def state_column(self, key: str = "state") -> list[DynamicConfigValue]:
        """A column of state codes, as coloured words."""
        return self.column(
            key,
            mappings=look.state_mappings(self.language),
            custom__cellOptions={"type": "color-text"},
        )

    def ratio_column(self, key: str, *, coloured: bool = False) -> list[DynamicConfigValue]:
        """A column of ratios, as percentages."""
        more: dict[str, Any] = {
            "unit": "percentunit",
            "decimals": 2,
            "mappings": look.nothing_as_text(self.language),
        }
        if coloured:
            more["thresholds"] = look.availability_steps().build()
            more["color"] = {"mode": "thresholds"}
            more["custom__cellOptions"] = {"type": "color-text"}
        return self.column(key, **more)

    def seconds_column(self, key: str, state: Reading | None = None) -> list[DynamicConfigValue]:
        """A column of seconds, as spans."""
        name = self.text(key) if state is None else self.text(LOOKS[state].name)
        return look.properties(displayName=name, unit="dtdurations")

    def changed(self) -> dict[str, list[DynamicConfigValue]]:
        """What people decided after days were closed: the ratio before it, and of how many days."""
        plain: dict[str, Any] = {"unit": "none", "decimals": 0, "thresholds": look.no_steps().build()}
        before = look.properties(
            displayName=self.text("A_closed"),
            unit="percentunit",
            decimals=2,
            mappings=look.none_decided(self.language),
        )
        return {
            "closed_A": before,
            "adjusted_days": self.column("adjusted_days", **plain),
            "restated_days": self.column("restated_days", **plain),
        }

    def unit_names(self) -> list[ValueMapping]:
        """Area codes as names."""
        return look.unit_names()

    def element_column(self, links: Sequence[dict[str, object]]) -> list[DynamicConfigValue]:
        """The column of ids, which lead on."""
        return self.column("id", links=list(links))
