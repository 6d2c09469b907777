import re
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from schemas.status import Reading
from stores.doorbell import Doorbell
from stores.ledger import Ledger
from tests.console import sample_province as sample

pytestmark = pytest.mark.service

SAMPLE = Path(sample.__file__)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = ("/", "/stations", "/links", "/feeds", "/health", "/links/LSN-L-0002", "/stations/nobody")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def console(data):
    command = [
        sys.executable,
        str(SAMPLE),
        "--port",
        "0",
        "--data",
        str(data),
        "--stations",
        "60",
        "--links",
        "20",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if re.fullmatch(r"\d+\n", line):
            break
    else:
        pytest.fail("the console did not start: " + "".join(lines))
    yield f"http://127.0.0.1:{int(lines[-1])}"
    process.terminate()
    assert process.wait(15) == 0, process.stdout.read()
    process.stdout.close()


@pytest.fixture
def browser(require_tool, tmp_path, console):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = require_tool("chromium", "google-chrome")
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium, headless=True, args=ARGUMENTS, locale="en-US",
            viewport={"width": 1920, "height": 1080},
        )  # fmt: skip
        page = context.pages[0]
        page.troubles, page.urls = [], []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("request", lambda request: page.urls.append(request.url))
        yield page
        context.close()


@pytest.fixture
def ledger(data, console):
    opened = Ledger(data / "ledger.db")
    opened.open()
    yield opened
    opened.close()


def now_ms():
    return time.time_ns() // 1_000_000


def turn(ledger, data, element, status):
    sample.turn(ledger, element, status, now_ms())
    assert Doorbell(data / "console.bell").ring()


def up_station(ledger):
    with ledger.reading() as connection:
        return next(
            one.element
            for one in sample.province_view.current(connection)
            if one.kind == "station" and one.status is Reading.UP
        )


def test_pages_work_and_load_nothing_from_elsewhere(browser, console):
    for path in PAGES:
        browser.goto(console + path)
        browser.wait_for_selector("header.top")
        browser.wait_for_function("window.socket?.connected")
    assert browser.troubles == []
    local = (console + "/", "data:", "blob:", "ws" + console.removeprefix("http") + "/")
    assert len(browser.urls) > 20
    assert [url for url in browser.urls if not url.startswith(local)] == []


def test_the_wall_shows_the_ledgers_counts_and_figures_with_coverage(browser, console, ledger):
    browser.goto(console + "/")
    with ledger.reading() as connection:
        counted = sample.province_view.counts(connection)
    for reading in Reading:
        shown = browser.text_content(f".tile.{reading.name.lower()} .big")
        assert int(shown) == counted.get(("station", reading), 0)
    assert re.fullmatch(r"\d+\.\d\d %", browser.text_content(".headline .pair .big"))
    assert re.fullmatch(r"\d+\.\d %", browser.text_content(".headline .cov b"))
    assert "Provisional" in browser.text_content(".headlines")
    browser.wait_for_selector(".map canvas")


def test_a_change_of_state_appears_without_a_reload_within_two_seconds(browser, console, ledger, data):
    station = up_station(ledger)
    browser.goto(console + "/")
    browser.wait_for_function("window.socket?.connected")
    browser.evaluate("window.untouched = true")
    delays = []
    for status in (Reading.DOWN, Reading.UP, Reading.DOWN, Reading.UP):
        began = time.monotonic()
        turn(ledger, data, station, status)
        state = "attached" if status is Reading.DOWN else "detached"
        browser.wait_for_selector(f".lists >> nth=0 >> .panel >> nth=0 >> text={station}", state=state)
        delays.append(time.monotonic() - began)
    # Not each of them: the machine that draws it may be busy for once.
    assert statistics.median(delays) < 2
    assert browser.evaluate("window.untouched")


def test_a_row_of_the_table_changes_in_place(browser, console, ledger, data):
    station = up_station(ledger)
    browser.goto(f"{console}/stations?q={station}")
    row = f'.ag-row[row-id="{station}"]'
    browser.wait_for_selector(f"{row} .st.up")
    assert browser.text_content("#shown") == "1"
    browser.evaluate("row => document.querySelector(row).untouched = true", row)
    turn(ledger, data, station, Reading.PLANNED)
    browser.wait_for_selector(f"{row} .st.planned")
    assert browser.evaluate("row => document.querySelector(row).untouched", row)
    turn(ledger, data, station, Reading.UP)


def test_a_station_page_shows_its_night_and_the_language_can_be_changed(browser, console, ledger):
    station = up_station(ledger)
    browser.goto(f"{console}/stations/{station}?range=day")
    assert browser.locator(".strip .fill").count() >= 1
    assert browser.text_content(".element-head h1").startswith(station)
    assert "Mean time to repair" in browser.text_content(".figures >> nth=1")
    browser.click("text=Tiếng Việt")
    browser.wait_for_selector("text=Diễn biến trạng thái >> nth=0")
    assert browser.get_attribute("html", "lang") == "vi"


def test_probes_and_metrics_answer(console):
    for path, wanted in (
        ("/healthz", b"alive"),
        ("/readyz", b"ready"),
        ("/metrics", b"btswatch_console_pages"),
    ):
        with urllib.request.urlopen(console + path, timeout=5) as answer:
            assert wanted in answer.read()
