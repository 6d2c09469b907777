import re
import shlex
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import pytest
import typer

from btswatch.cli.app import root

ROOT = Path(__file__).parents[3]
PACKAGES = ("btswatch", "ingest", "processors", "dashboards", "stores", "schemas", "tests", "docs", ".ci")
PAGES = sorted(
    path.relative_to(ROOT)
    for path in chain(
        (ROOT / "README.md", ROOT / "CHANGELOG.md"),
        (ROOT / "docs").rglob("*.md"),
        (ROOT / "schemas").rglob("*.md"),
        (ROOT / "tests").rglob("*.md"),
    )
    if "node_modules" not in path.parts
)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
A_PATH = re.compile(rf"(?:{'|'.join(map(re.escape, PACKAGES))})/[\w./-]*")
# What a shell would put in place of $(...), where that runs something else.
A_SUBSTITUTION = re.compile(r"\$\((?![^)]*btswatch)[^()]*\)")
# Where a shell would run it: at a line's start, behind another command, in a substitution, in a unit file.
A_COMMAND = re.compile(r"(?:^|&& |\| |\$\(|ExecStart=|sudo -u \w+ )(?:\S*/bin/)?btswatch (?P<words>[^|;&)]*)")


def text_of(page: Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def spans(page: Path) -> list[str]:
    """What stands between backticks, each on one line."""
    prose = FENCE.sub("", text_of(page))
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose)]


def code_lines(page: Path) -> list[str]:
    """Lines of code blocks, fenced or indented; a line that ends in a backslash goes on."""
    text = text_of(page)
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()[1:-1]]
    lines += [line[4:] for line in FENCE.sub("", text).splitlines() if line.startswith("    ")]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def words_of(texts: list[str]) -> set[str]:
    return {word.strip("`'\"(),:;") for text in texts for word in text.split()}


def commands_in(texts: list[str]) -> list[list[str]]:
    return [
        shlex.split(found["words"], comments=True)
        for text in texts
        for found in A_COMMAND.finditer(A_SUBSTITUTION.sub("SOMETHING", text.strip()))
    ]


def resolve(words: list[str]):
    """The command that the words name, and the words behind its name."""
    command, rest = typer.main.get_command(root), list(words)
    while hasattr(command, "get_command"):
        assert rest, f"{' '.join(words)}: names no command"
        found = command.get_command(None, rest[0])
        assert found is not None, f"btswatch {' '.join(words)}: there is no {rest[0]}"
        command = found
        rest.pop(0)
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_leads_somewhere(page):
    targets = [link for link in LINK.findall(FENCE.sub("", text_of(page))) if "://" not in link]
    dead = [link for link in targets if not (ROOT / page.parent / link.partition("#")[0]).exists()]
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_path_of_the_repository_that_is_named_exists(page):
    named = {word for word in words_of(spans(page) + code_lines(page)) if A_PATH.fullmatch(word)}
    assert [word for word in sorted(named) if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_module_that_is_run_exists(page):
    texts = spans(page) + code_lines(page)
    modules = {name for text in texts for name in re.findall(r"python3? -m ([\w.]+)", text)}
    assert [name for name in sorted(modules) if find_spec(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_that_is_shown_would_be_taken(page):
    for words in commands_in(code_lines(page)):
        command, rest = resolve(words)
        command.make_context(words[0], rest)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_and_option_that_is_mentioned_exists(page):
    for words in commands_in(spans(page)):
        if words[0].startswith("-"):
            continue  # an option of btswatch itself
        command, rest = resolve_mentioned(words)
        known = {
            "--help",
            *(name for param in command.params for name in (*param.opts, *param.secondary_opts)),
        }
        assert {word for word in rest if word.startswith("-")} <= known, f"btswatch {' '.join(words)}"


def resolve_mentioned(words: list[str]):
    """A mention may stop at a group (`btswatch keys`) or hold a placeholder."""
    command, rest = typer.main.get_command(root), list(words)
    while rest and hasattr(command, "get_command") and not rest[0].startswith("-"):
        found = command.get_command(None, rest[0])
        assert found is not None, f"btswatch {' '.join(words)}: there is no {rest[0]}"
        command = found
        rest.pop(0)
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_make_target_that_is_shown_exists(page):
    rules = re.findall(r"^([\w$()/.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {rule.replace("$(VENV)", ".venv").replace("$(BIN)", ".venv/bin") for rule in rules}
    shown = {
        found[1]
        for text in spans(page) + code_lines(page)
        if (found := re.match(r"make ([\w./-]+)", text.strip()))
    }
    assert shown <= targets


def test_the_readme_shows_the_two_commands_alone():
    lines = [line.strip() for line in code_lines(Path("README.md"))]
    start = lines.index("make demo")
    assert lines[start : start + 2] == ["make demo", "make test"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("btswatch keys list --since $(date -d yesterday)", "since"),
        ("btswatch fly", "there is no fly"),
        ("btswatch keys burn", "there is no burn"),
        ("X=$(btswatch serve --speed 3)", "speed"),
        ("sudo -u btswatch /opt/btswatch/.venv/bin/btswatch demo --stations many", "valid integer"),
        ("btswatch replay --registry r", "events"),
    ],
)
def test_these_tests_would_tell_a_wrong_command(line, fault):
    (words,) = commands_in([line])
    with pytest.raises(Exception, match=re.escape(fault)):
        taken(words)


def taken(words: list[str]) -> None:
    command, rest = resolve(words)
    command.make_context(words[0], rest)
