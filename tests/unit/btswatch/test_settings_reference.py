import re
import tomllib

import pytest

from btswatch import settings_reference
from btswatch.settings import Settings
from btswatch.settings_reference import EXAMPLE, ROOT, drift, example, main, page, sections

SHOWN_ONLY = {"profiles", "groups", "canaries"}


def uncommented() -> str:
    """The example with every setting in force: settings begin right after their #, remarks after a blank."""
    return re.sub(r"(?m)^#(?! )", "", example())


def test_what_is_committed_is_what_the_settings_generate():
    assert drift() == [], "run: python -m btswatch.settings_reference"


def test_the_example_loads_and_changes_nothing():
    assert Settings.load(ROOT / EXAMPLE, {}) == Settings.load(None, {}).model_copy(
        update={name: ROOT / "docs" / name for name in ("data", "registry")}
        | {"credentials": ROOT / "docs/registry/credentials.toml"}
    )


def test_every_setting_of_the_example_is_valid_and_stands_at_its_default(tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_text(uncommented())
    loaded, defaults = Settings.load(file, {}), Settings()
    assert loaded.profiles == tmp_path / "profiles"
    assert loaded.moved_days == tmp_path / "moved-days.yaml"
    assert len(loaded.poll.groups) == len(loaded.poll.health.canaries) == 1
    shown = {
        "data",
        "registry",
        "credentials",
        "profiles",
        "rules",
        "poll",
        "grafana",
        "influx",
        "kafka",
        "moved_days",
        "notify",
    }
    for name in set(Settings.model_fields) - shown:
        assert getattr(loaded, name) == getattr(defaults, name), name
    files = dict.fromkeys(("tls_ca", "tls_certificate", "tls_key"))
    assert loaded.kafka.tls_ca == tmp_path / "kafka/ca.pem"
    assert loaded.kafka.model_copy(update=files) == defaults.kafka
    assert loaded.grafana.model_copy(update={"tls_ca": None}) == defaults.grafana
    assert loaded.influx.tls_ca == tmp_path / "influx/ca.pem"
    assert loaded.influx.model_copy(update={"tls_ca": None, "scrape": ()}) == defaults.influx
    (receiver,) = loaded.notify.receivers
    assert receiver.url_file == tmp_path / "secrets/webhook-url"
    assert loaded.notify.model_copy(update={"receivers": ()}) == defaults.notify
    health = loaded.poll.health.model_copy(update={"canaries": ()})
    assert loaded.poll.model_copy(update={"groups": (), "health": health}) == defaults.poll


def test_the_example_leaves_no_setting_out():
    written = tomllib.loads(uncommented())
    for section in sections():
        table = written
        for part in section.path:
            table = table[part]
            table = table[0] if isinstance(table, list) else table
        assert {one.name for one in section.settings} <= set(table), section.path


@pytest.mark.parametrize("section", [one for one in sections() if not one.repeats], ids=lambda one: one.path)
def test_the_environment_names_of_the_page_set_what_they_stand_beside(section):
    for one in section.settings:
        if one.schema.get("type") == "array":
            continue
        name = "BTSWATCH_" + "__".join((*section.path, one.name)).upper()
        assert f"| `{one.name}` |" in page()
        assert f"`{name}` |" in page()
        value = one.field.default if one.field.default is not None else "elsewhere"
        Settings.load(None, {name: str(value)})


def test_every_setting_says_what_it_means():
    for section in sections():
        assert section.model.__doc__
        for one in section.settings:
            assert one.field.description, (section.path, one.name)


def test_a_stale_page_is_told_and_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(settings_reference, "ROOT", tmp_path)
    monkeypatch.setattr(settings_reference, "drift", lambda: drift(tmp_path))
    assert main(["--check"]) == 1
    assert "docs/btswatch.toml: differs" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
