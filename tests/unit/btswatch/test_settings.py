import pytest

from btswatch.settings import Settings, SettingsError


def test_defaults_stand_without_a_file():
    settings = Settings.load(None, {})
    assert settings.mode == "production"
    assert settings.conventions().grid_s == 10


def test_paths_are_relative_to_the_file(tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_text('data = "d"\nregistry = "/elsewhere"\n')
    settings = Settings.load(file, {})
    assert settings.data == tmp_path / "d"
    assert str(settings.registry) == "/elsewhere"


def test_the_environment_goes_before_the_file_and_secret_files_before_nothing(tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_text("[poll]\ninterval_s = 30\n[gateway]\nport = 1\n")
    secret = tmp_path / "secret"
    secret.write_text("poller-7\n")
    settings = Settings.load(
        file, {"BTSWATCH_POLL__INTERVAL_S": "45", "BTSWATCH_POLL__VANTAGE_FILE": str(secret), "OTHER": "x"}
    )
    assert (settings.poll.interval_s, settings.poll.vantage, settings.gateway.port) == (45, "poller-7", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pol]\n", "pol: no such setting; did you mean poll?"),
        ("[poll]\nintervall_s = 3\n", "poll.intervall_s: no such setting; did you mean interval_s?"),
        ("[gateway]\nport = 99999\n", "gateway.port"),
        ('mode = "test"\n', "mode"),
        ("[gateway\n", "btswatch.toml"),
        ('zone = "Mars/Olympus"\n', "zone: no time zone 'Mars/Olympus'; such as Asia/Ho_Chi_Minh"),
        ('zone = "../etc/passwd"\n', "zone: no time zone"),
        ("[availability]\ngrid_s = 7\n", "availability.grid_s: 7 does not divide 3600"),
        ('[gateway]\ndurability = "kafka"\n', 'gateway.durability: "kafka" needs form = "cluster"'),
        ('[gateway]\ndurability = "tape"\n', "gateway.durability"),
        ('[console]\nzone = "Europe/Berlin"\n', "btswatch.toml: console.zone differs"),
    ],
)
def test_what_is_wrong_is_said_with_file_key_and_the_nearest_name(tmp_path, text, said):
    file = tmp_path / "btswatch.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        Settings.load(file, {})
    assert said in str(raised.value)
    assert "btswatch.toml" in str(raised.value)


def test_all_problems_come_in_one_pass(tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_text("[poll]\nx = 1\n[gateway]\ny = 1\n")
    with pytest.raises(SettingsError) as raised:
        Settings.load(file, {})
    assert len(raised.value.lines) == 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        Settings.load(tmp_path / "nowhere.toml", {})


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "btswatch.toml"
    file.write_bytes(b'\xef\xbb\xbfzone = "Europe/Berlin"\n')
    assert Settings.load(file, {}).zone == "Europe/Berlin"


def test_a_secret_file_that_is_no_text_is_named_with_its_variable(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"BTSWATCH_POLL__VANTAGE_FILE=.*secret: is not UTF-8"):
        Settings.load(None, {"BTSWATCH_POLL__VANTAGE_FILE": str(secret)})


@pytest.mark.parametrize("name", ["INFLUX__TOKEN", "GRAFANA__TOKEN", "GRAFANA__INFLUX_TOKEN"])
def test_a_token_that_no_header_can_carry_is_refused_without_telling_it(tmp_path, name):
    file = tmp_path / "token"
    for text in ("first-secret\nsecond-secret\n", "a secret", "sécret"):
        file.write_text(text, "utf-8")
        with pytest.raises(SettingsError, match="one line of ASCII") as raised:
            Settings.load(None, {f"BTSWATCH_{name}_FILE": str(file)})
        assert "secret" not in str(raised.value)
