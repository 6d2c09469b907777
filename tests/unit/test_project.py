"""The repository about itself: layers, names, and that nobody else claims our packages."""

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("btswatch", "ingest", "processors", "dashboards", "stores", "schemas")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_imports_keep_to_the_layers():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_our_generic_names_are_ours_alone(package):
    claimed = importlib.metadata.packages_distributions().get(package, ["btswatch"])
    assert set(claimed) == {"btswatch"}
    assert Path(__import__(package).__file__).is_relative_to(ROOT)


def test_no_module_has_a_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [path for path in SOURCES if path.stem in empty] == []


def test_the_core_reads_no_clock_and_draws_no_chance():
    for path in (ROOT / "processors" / "core").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"now", "today", "utcnow", "urandom"}, f"{path}:{node.lineno}"


def test_modules_stay_readable_at_one_sitting():
    assert {
        str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text("utf-8").splitlines())) > 400
    } == {}


def test_every_command_explains_itself_with_an_example():
    from btswatch.cli.app import COMMANDS

    for name in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "btswatch", name, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (name, done.stderr)
        assert "Usage" in done.stdout, name
        assert "Example" in done.stdout, name


def test_the_locks_hold_hashes_and_no_addresses():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "index-url" not in text


def test_the_version_is_said_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" in project["dynamic"]
