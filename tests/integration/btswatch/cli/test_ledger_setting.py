"""A ledger in PostgreSQL as an operator names it: tried by check, told in a line, its password never."""

import json
import socket
import subprocess
import sys

import pytest
from sqlalchemy import make_url

from btswatch.cli.app import run
from btswatch.ledger import ledger_of, open_or_later
from btswatch.parts.gateway import LedgerFigures
from btswatch.settings import Settings, SettingsError
from ingest.feeds.figures import FiguresUnavailableError
from schemas.time import LocalCalendar
from stores.data_directory import DataDirectory, Mode

SECRET = "very s3cret/:@"


@pytest.fixture
def settings(tmp_path, capsys):
    registry = tmp_path / "registry"
    assert run(["registry", "template", str(registry)]) == 0
    capsys.readouterr()

    def make(url=""):
        path = tmp_path / "btswatch.toml"
        lines = [
            f"data = {json.dumps(str(tmp_path / 'data'))}",
            f"registry = {json.dumps(str(registry))}",
            f"credentials = {json.dumps(str(registry / 'credentials.toml'))}",
            *(f"[{part}]\nport = 0" for part in ("gateway", "console")),
            '[traps]\nhost = "127.0.0.1"\nport = 0',
            "[status]\ningest_port = 0\nengine_port = 0",
            f"[ledger]\nurl = {json.dumps(url)}\nconnect_s = 2",
        ]
        path.write_text("\n".join(lines))
        return path

    return make


@pytest.fixture
def nobody():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def check(path, capsys):
    code = run(["check", "--settings", str(path)])
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err
    return code, [line for line in told.err.splitlines() if "ledger" in line]


@pytest.mark.service
def test_check_finds_the_database_with_its_password_from_a_file(
    settings, postgres, tmp_path, monkeypatch, capsys
):
    url = make_url(postgres.new_database())
    secret = tmp_path / "password"
    secret.write_text(f"{url.password}\n")
    monkeypatch.setenv("BTSWATCH_LEDGER__PASSWORD_FILE", str(secret))
    plain = url.set(password=None, drivername="postgresql").render_as_string()
    assert check(settings(plain), capsys) == (0, [])
    # It only looks: the first part that is started makes the tables.
    ledger = ledger_of(Settings.load(settings(plain)), DataDirectory(tmp_path / "data"))
    with pytest.raises(Exception, match="has schema none"):
        ledger.open(migrate=False)


@pytest.mark.service
def test_check_says_in_a_line_that_the_password_is_wrong(settings, postgres, capsys):
    url = make_url(postgres.new_database()).set(password=SECRET)
    code, lines = check(settings(url.render_as_string(hide_password=False)), capsys)
    assert code == 3
    (line,) = lines
    assert "ledger.url" in line
    assert "authentication failed" in line


def test_check_says_in_a_line_that_nobody_answers(settings, nobody, capsys):
    code, lines = check(settings(f"postgresql://btswatch:secret@127.0.0.1:{nobody}/btswatch"), capsys)
    assert code == 3
    (line,) = lines
    assert "ledger.url" in line
    assert str(nobody) in line


@pytest.mark.service
def test_a_database_that_can_t_hold_vietnamese_is_told(settings, postgres, capsys):
    import psycopg

    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = make_url(postgres.new_database()).set(database="latin")
    code, lines = check(settings(url.render_as_string(hide_password=False)), capsys)
    assert code == 1
    assert "LATIN1" in lines[0]


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@db/x",
        f"postgresql//{SECRET}",
        f"postgresql://me:{SECRET}@db:port/x",
        "elsewhere",
    ],
)
def test_what_is_no_url_of_ours_is_refused_and_not_quoted(settings, url):
    with pytest.raises(SettingsError, match=r"ledger\.url: is no URL of PostgreSQL") as refused:
        Settings.load(settings(url))
    assert "s3cret" not in str(refused.value)


def test_no_settings_in_a_log_show_the_password():
    loaded = Settings.model_validate({"ledger": {"url": "postgresql://me:pw9@db/x", "password": "pw8"}})
    ledger = ledger_of(loaded, DataDirectory(loaded.data))
    assert ledger.url.password == "pw8"
    for shown in (
        repr(loaded),
        str(loaded.ledger),
        loaded.model_dump_json(),
        str(ledger.url),
        repr(ledger.url),
    ):
        assert "pw9" not in shown
        assert "pw8" not in shown


@pytest.mark.parametrize("supervised", [False, True])
def test_a_part_that_needs_it_ends_in_a_line(settings, nobody, tmp_path, supervised):
    path = settings(f"postgresql://btswatch:secret@127.0.0.1:{nobody}/btswatch")
    DataDirectory(tmp_path / "data").create(Mode.PRODUCTION)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)} | (
        {"BTSWATCH_SUPERVISED": "1"} if supervised else {}
    )
    ended = subprocess.run(
        [sys.executable, "-m", "btswatch", "closing", "--settings", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    # A supervisor starts it again, since a database that is away may come back.
    assert ended.returncode == (1 if supervised else 3), ended.stderr
    (line,) = [one for one in ended.stderr.splitlines() if one.startswith("btswatch: ")]
    assert line.startswith("btswatch: ledger: ")
    assert "secret" not in ended.stderr


@pytest.mark.service
def test_who_needs_it_for_some_of_the_work_starts_without_it_and_finds_it_later(postgres_server, tmp_path):
    from datetime import date

    url = postgres_server.new_database()
    ledger = ledger_of(
        Settings.model_validate({"ledger": {"url": url, "connect_s": 2}}), DataDirectory(tmp_path / "data")
    )
    postgres_server.server.stop()
    open_or_later(ledger, "gateway")
    figures = LedgerFigures(ledger, LocalCalendar())
    wanted = {"first": date(2026, 11, 2), "until": date(2026, 11, 3), "element": None}
    with pytest.raises(FiguresUnavailableError):
        figures.figures("E1", **wanted)
    postgres_server.server.start()
    assert figures.figures("E1", **wanted) == []
    ledger.close()
