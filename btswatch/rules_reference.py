"""docs/reference/rules.md from the rules themselves: `python -m btswatch.rules_reference [--check]`."""

import sys
from pathlib import Path
from typing import Final

from processors.rules import load_rules
from schemas.rules import Rule

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "rules.md"
_HEAD: Final = """# Rules

<!-- Made by `python -m btswatch.rules_reference`; edit processors/rules/*.yaml instead. -->

The rules that come with the product, as dated data. A deployment may keep its own: `rules = "my-rules"` in the
settings names a directory of such files, `btswatch rules check my-rules` reads them. `btswatch rules list --on DAY
--enterprise ID` says what holds and why, `btswatch rules show RULE` everything about one.

A legal verdict (kết luận theo quy định) is drawn only from a rule whose figure and dates have the confidence `high`:
read in the legal text, or known well. `medium` is second hand (a press article, an operator's page), `low` a guess,
`missing` means that nobody here has read the figure: it is filled in from the text, never from imagination. Below
`high` a finding is operational. An enterprise's own declared level (mức công bố, `declared_levels.csv`) takes
precedence where it is stricter: that is the one that a sanction refers to.

Radio availability is a share of drive-test samples, service availability D a share of time: two indicators.
`in force` is half open: the second day no longer counts. The amounts are the range of the named article for
organisations: a suggestion, deciding is a person's. Decree 174/2026/NĐ-CP is suggested for no period that ended before
1 July 2026: what began and ended before falls under an earlier decree (its Art. 115), whose amounts are not known here.
"""


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    rules = load_rules().rules
    for service in sorted({rule.service for rule in rules}):
        lines += [
            f"\n## {service}\n",
            "| id | indicator | asked | in force | basis | kind | confidence | judges |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [_row(rule) for rule in rules if rule.service == service]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    sign = {"at_least": "≥", "at_most": "≤", "equals": "=", "above": ">", "alert_from": "from"}[
        rule.comparator
    ]
    figure = "missing" if rule.threshold is None else f"{sign} {rule.threshold} {rule.unit}"
    cells = [
        f"`{rule.id}`",
        f"{rule.title}<br>*{rule.title_vi}*",
        f"{figure}, per {rule.period}",
        f"{rule.in_force_from or 'always'} – {rule.in_force_to or ''}",
        rule.legal_basis,
        rule.kind.value,
        f"{rule.confidence} ({rule.note})",
        "yes" if rule.may_judge else "no",
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is as the rules are."""
    made = page()
    if "--check" in arguments:
        if PAGE.read_text("utf-8") == made:
            return 0
        sys.stderr.write(f"{PAGE}: differs from the rules; python -m btswatch.rules_reference writes it\n")
        return 1
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
