"""YAML as data: as `yaml.safe_load` reads it, but a key that stands twice is an error."""

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """The plain loader takes the last of two values without a word: a threshold that nobody meant."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        # Before what `<<` brings in is merged: a mapping may set such a key itself.
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        "while reading a mapping",
                        node.start_mark,
                        f"{key.value} stands twice",
                        key.start_mark,
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_yaml(text: str) -> Any:
    """The one document of the text.

    Raises:
        yaml.YAMLError: no YAML, or a key that stands twice in one mapping; with its line.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
