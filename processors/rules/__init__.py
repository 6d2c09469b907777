"""The rules in force: YAML files beside this module, or a deployment's own directory; read, checked, looked up by day."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from schemas.canonical import canonical_json
from schemas.indicators import Form, Indicators
from schemas.registry import DeclaredLevel
from schemas.rules import SERVICE_AVAILABILITY, Comparator, Kind, Method, Rule, RuleFile
from schemas.yaml_text import load_yaml

SHIPPED: Final = Path(str(files(__package__)))
# How an indicator is reported, by how it is computed; what is not among them is no quality indicator.
FORMS: Final = {
    Method.TIME: Form.TIME,
    Method.SAMPLES: Form.RATIO,
    Method.RATIO: Form.RATIO,
    Method.MEAN: Form.VALUE,
    Method.PERCENTILE: Form.VALUE,
}
_COUNTED: Final = frozenset(Form) - {Form.TIME}
# Fields that came later: absent they leave a rule's digest as it was, so that what was sealed under it still stands.
_LATER_FIELDS: Final = frozenset({"percentile", "quantity"})
_REQUIRED: Final = (Comparator.AT_LEAST, Comparator.AT_MOST)
# Units of shares of time or of counts, and what the whole is in them; of shares per customers it may be more.
_WHOLE: Final = {"percent": 100, "ratio": 1}
_SHARES: Final = {Form.TIME: frozenset(_WHOLE), Form.RATIO: frozenset({*_WHOLE, "per_100_customers"})}
_DAY_OF_MONTH: Final = "day_of_next_month"


class RulesError(Exception):
    """Rules that can't be used; each line names the file and the rule."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Applicable:
    """A rule on a day for an enterprise, with the threshold that counts and why it is this one."""

    rule: Rule
    threshold: Decimal | None
    kind: Kind
    because: str

    @property
    def may_judge(self) -> bool:
        """Whether a legal verdict may rest on it; an enterprise's own word on its level is sure."""
        return self.kind is Kind.DECLARED or self.rule.may_judge


@dataclass(frozen=True)
class Rules:
    """All versions of all rules, by id."""

    rules: tuple[Rule, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over their canonical form: what a figure or verdict names as the rules that it was made with."""
        content = canonical_json([_digested(rule) for rule in self.rules])
        return f"sha256:{sha256(content.encode()).hexdigest()}"

    def get(self, rule_id: str) -> Rule | None:
        """The version of that id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def versions(self, name: str) -> list[Rule]:
        """All versions of a rule, the oldest first."""
        found = [rule for rule in self.rules if rule.rule == name]
        return sorted(found, key=lambda rule: rule.in_force_from or date.min)

    def in_force(self, day: date, service: str | None = None) -> list[Rule]:
        """What holds on the local day."""
        return [rule for rule in self.rules if rule.in_force_on(day) and service in (None, rule.service)]

    def indicators(self, levels: Iterable[DeclaredLevel]) -> Indicators:
        """What may be reported: the indicators of any version of a rule, and those that somebody declared a level of."""
        forms: dict[tuple[str, str], AbstractSet[Form]] = {}
        for rule in self.rules:
            if rule.method in FORMS:
                key = rule.service, rule.indicator
                forms[key] = forms.get(key, frozenset()) | {FORMS[rule.method]}
        for level in levels:
            timed = level.indicator == SERVICE_AVAILABILITY
            forms.setdefault((level.service, level.indicator), {Form.TIME} if timed else _COUNTED)
        return Indicators(forms)

    def applicable(
        self, day: date, enterprise: str, levels: Iterable[DeclaredLevel], service: str | None = None
    ) -> list[Applicable]:
        """What holds for an enterprise on the local day: its own declared level where that is stricter.

        The declared level is the one that a sanction refers to (mức công bố).
        """
        own = [one for one in levels if one.enterprise == enterprise and one.in_force_on(day)]
        return [_apply(rule, own) for rule in self.in_force(day, service)]

    def without_rule(
        self, day: date, enterprise: str, levels: Iterable[DeclaredLevel], service: str | None = None
    ) -> list[DeclaredLevel]:
        """The enterprise's declared levels on the local day that no rule in force is about: nothing is judged by them."""
        known = {(rule.service, rule.indicator) for rule in self.in_force(day)}
        return [
            one
            for one in levels
            if one.enterprise == enterprise
            and one.in_force_on(day)
            and service in (None, one.service)
            and (one.service, one.indicator) not in known
        ]


NO_RULES: Final = Rules(())
"""Where nothing is judged."""


def load_rules(directory: Path | None = None) -> Rules:
    """The rules of a directory of YAML files; without one, those that come with the product.

    Raises:
        RulesError: with every problem of one pass: what does not fit the schema, ids that stand twice, versions of
            one rule that overlap.
    """
    directory = directory or SHIPPED
    problems: list[str] = []
    found: list[tuple[str, Rule]] = []
    if not directory.is_dir():
        raise RulesError(f"{directory}: no such directory")
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        raise RulesError(f"{directory}: no rules (*.yaml) in it")
    problems += [
        f"{one.name}: is not read: rename it to {one.stem}.yaml" for one in sorted(directory.glob("*.yml"))
    ]
    for path in paths:
        try:
            read = RuleFile.model_validate(load_yaml(path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            problems.append(f"{path.name}: {' '.join(str(error).split())}")
        except ValidationError as error:
            problems += _explained(path.name, error)
        else:
            found += ((path.name, rule) for rule in read.rules)
    problems += [f"{file}: {rule.id}: {said}" for file, rule in found for said in _unlike_its_words(rule)]
    problems += _together(found)
    if problems:
        raise RulesError(*problems)
    return Rules(tuple(sorted((rule for _, rule in found), key=lambda rule: rule.id)))


def _digested(rule: Rule) -> dict[str, Any]:
    absent = {name for name in _LATER_FIELDS if getattr(rule, name) is None}
    dumped = rule.model_dump(mode="json", exclude=absent)
    if rule.consequence is not None and rule.consequence.since is None:
        del dumped["consequence"]["since"]
    return dumped


def _unlike_its_words(rule: Rule) -> Iterator[str]:
    """Why it would be judged otherwise than it reads. Here and not in the contract: what was sealed before stays readable."""
    form = FORMS.get(rule.method)
    if form is Form.TIME and rule.comparator is not Comparator.AT_LEAST:
        yield f"comparator: {rule.comparator}; a share of time is held to at_least"
    elif form is not None and rule.comparator not in _REQUIRED:
        yield f"comparator: {rule.comparator}; what is measured is held to at_least or at_most"
    if form in _SHARES and rule.unit not in _SHARES[form]:
        yield f"unit: {rule.unit}; a share is told in {', '.join(sorted(_SHARES[form]))}"
    elif form in _SHARES and rule.threshold is not None:
        whole = _WHOLE.get(rule.unit, rule.threshold)
        if rule.threshold < 0 or rule.threshold > whole:
            yield f"threshold: {rule.threshold} {rule.unit} is less than nothing or more than the whole"
    if rule.unit == _DAY_OF_MONTH and rule.threshold not in (None, *range(1, 32)):
        yield f"threshold: {rule.threshold} is no day of a month: 1 to 31"


def _together(found: Sequence[tuple[str, Rule]]) -> Iterator[str]:
    for (file, one), (other_file, other) in combinations(found, 2):
        if one.id == other.id:
            yield f"{file}: {one.id}: stands in {other_file} too"
        elif one.rule == other.rule and one.overlaps(other):
            yield (
                f"{file}: {one.id} ({_interval(one)}) overlaps {other.id} ({_interval(other)}) in {other_file}:"
                f" both are versions of {one.rule}"
            )


def _explained(name: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"])
        yield f"{name}: {place}: {problem['msg'].removeprefix('Value error, ')}"


def _interval(rule: Rule) -> str:
    return f"{rule.in_force_from or 'always'} to {rule.in_force_to or 'today'}"


def _apply(rule: Rule, own: Sequence[DeclaredLevel]) -> Applicable:
    declared = [
        Decimal(str(one.level))
        for one in own
        if (one.service, one.indicator) == (rule.service, rule.indicator)
    ]
    if not declared or rule.comparator not in _REQUIRED:
        because = "no declared level" if rule.comparator in _REQUIRED else "not a level to declare"
        return Applicable(rule, rule.threshold, rule.kind, because)
    level = max(declared) if rule.comparator is Comparator.AT_LEAST else min(declared)
    if rule.threshold is None:
        return Applicable(rule, level, Kind.DECLARED, "declared level; the regulation's own is not known")
    if rule.comparator.stricter(level, rule.threshold):
        return Applicable(rule, level, Kind.DECLARED, f"declared level, stricter than {rule.threshold}")
    because = "as declared" if level == rule.threshold else f"the declared level {level} is less strict"
    return Applicable(rule, rule.threshold, rule.kind, because)
