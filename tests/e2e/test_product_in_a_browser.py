"""`btswatch demo` as a newcomer meets it: one command, the printed page in Chromium, Ctrl-C, and on again.

One demonstration runs through one test: its steps build on each other.
"""

import contextlib
import json
import os
import re
import signal
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from btswatch.demo.ports import free_tcp
from btswatch.settings import Settings
from stores.archive import ArchiveReader
from stores.keys import KeyStore
from stores.ledger import Ledger, closings, positions, province_view
from tests.product.figures import published, replayed
from tests.product.process import Process, ask, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.service]
DAYS = 2
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


class Demo:
    """The running demonstration and what stands in its ledger."""

    def __init__(self, data, port):
        self.data = data
        self._arguments = ("demo", "--data", data, "--port", port)
        self.process = Process(*self._arguments, "--stations", 20, "--days", DAYS)
        self.url = re.search(r"http\S+", self.process.line("Console", "http")).group().rstrip("/")
        self.settings = Settings.load(data / "btswatch.toml", {})
        self.ledger = Ledger(data / "ledger.db")
        self.ledger.open()

    def again(self):
        self.process = Process(*self._arguments)
        self.process.line("Console", self.url)

    def read(self, query, *arguments):
        with self.ledger.reading() as connection:
            return query(connection, *arguments)

    def closed_days(self):
        today = datetime.now(UTC).date()
        found = self.read(closings.closings, today.replace(year=today.year - 1), today)
        return [one.day for one in found if one.complete]

    def engine_wrote_ms(self):
        return self.read(positions.saved_ms, "engine")

    def close(self):
        self.process.kill()
        self.ledger.close()


@pytest.fixture
def demo(tmp_path):
    running = Demo(tmp_path / "data", free_tcp())
    try:
        eventually(lambda: running.process.lives() and ask(f"{running.url}/healthz")[0] == 200)
        yield running
    finally:
        running.close()


@pytest.fixture
def page(require_tool, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = require_tool("chromium", "google-chrome")
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium, headless=True, args=ARGUMENTS,
            locale="en-US", viewport={"width": 1920, "height": 1080},
        )  # fmt: skip
        page = context.pages[0]
        page.set_default_timeout(60_000)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        yield page
        context.close()


def test_the_whole_story_from_the_first_page_to_the_closed_figures(page, demo):
    _the_page_shows_states_figures_outages_and_feeds(demo, page)
    _a_change_arrives_without_a_reload(demo, page)
    _an_engine_that_is_killed_is_started_again_and_the_page_goes_on(demo, page)
    days = eventually(lambda: (found := demo.closed_days()) and len(found) >= DAYS and found, 180)
    keys = (demo.data / "demo-keys.json").read_bytes()
    assert demo.process.stop(signal.SIGINT, 10.0) == 0, demo.process.told
    before = demo.engine_wrote_ms()
    _started_again_it_goes_on(demo, page, before, days)
    assert demo.process.stop(signal.SIGINT, 10.0) == 0, demo.process.told
    assert "Traceback" not in demo.process.told
    assert (demo.data / "demo-keys.json").read_bytes() == keys
    _nothing_is_there_twice(demo)
    assert len(days) == DAYS
    for kind in ("station", "link"):
        assert published(demo.data, days, kind) == replayed(demo.data, days, kind)
    assert page.troubles == []


def _the_page_shows_states_figures_outages_and_feeds(demo, page):
    eventually(lambda: len(demo.read(province_view.current)) == 28)
    page.goto(demo.url + "/")
    page.wait_for_function("window.socket?.connected")
    page.wait_for_function("+document.querySelector('.tile.up .big')?.textContent > 10")
    page.wait_for_function(
        r"/^\d+\.\d\d %$/.test(document.querySelector('.headline .pair .big')?.textContent)"
    )
    assert re.fullmatch(r"\d+\.\d %", page.text_content(".headline .cov b"))
    outages = demo.read(province_view.open_outages)
    if outages:
        page.wait_for_selector(f".lists >> text={outages[0].element}")
    page.goto(demo.url + "/feeds")
    for brand in ("Viettel", "VNPT"):
        page.wait_for_selector(f"text={brand}")
    page.wait_for_selector("text=Alive")
    page.goto(demo.url + "/health")
    page.wait_for_selector("text=answering")


def _a_change_arrives_without_a_reload(demo, page):
    """An enterprise declares a station down, over HTTP, while its page is open."""
    from playwright.sync_api import TimeoutError as TimeoutError_

    state = next(
        one for one in demo.read(province_view.current) if one.kind == "station" and one.status.name == "UP"
    )
    enterprise = next(
        row.split(",")[1]
        for row in (demo.data / "registry" / "stations.csv").read_text().splitlines()
        if row.startswith(f"{state.element},")
    )
    token = json.loads((demo.data / "demo-keys.json").read_text())[enterprise]
    page.goto(f"{demo.url}/stations/{state.element}")
    page.wait_for_function("window.socket?.connected")
    page.evaluate("window.untouched = true")
    gateway = f"http://127.0.0.1:{demo.settings.gateway.port}/v1/events"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    shown = page.locator("tr:has-text('Declared by the enterprise') .st.down")

    def declared_and_shown():
        # The enterprise's own next report may say at once that all is well: then it is declared once more.
        event = {
            "specversion": "1.0",
            "id": f"by-hand-{time.time_ns()}",
            "source": f"{enterprise}/by-hand",
            "type": "btswatch.status.v1",
            "subject": state.element,
            "time": datetime.now(UTC).isoformat(),
            "data": {"status": "down", "cause": "power"},
        }
        status, answer = ask(gateway, body=json.dumps(event).encode(), headers=headers)
        assert (status, json.loads(answer)["accepted"]) == (202, 1)
        with contextlib.suppress(TimeoutError_):
            shown.wait_for(timeout=10_000)
        return shown.count()

    eventually(declared_and_shown)
    assert page.evaluate("window.untouched")


def _an_engine_that_is_killed_is_started_again_and_the_page_goes_on(demo, page):
    page.goto(demo.url + "/")
    page.wait_for_function("window.socket?.connected")
    page.evaluate("window.untouched = true")
    killed = demo.process.parts()["engine"]
    os.kill(killed, signal.SIGKILL)
    demo.process.line("engine", "-9")
    eventually(lambda: demo.process.parts().get("engine", killed) != killed)
    began = demo.engine_wrote_ms()
    eventually(lambda: demo.engine_wrote_ms() > began)
    page.wait_for_function("+document.querySelector('.tile.up .big')?.textContent > 10")
    assert page.evaluate("window.untouched")
    assert set(demo.process.parts()) >= {"engine", "ingest", "console"}


def _started_again_it_goes_on(demo, page, before, days):
    demo.again()
    eventually(lambda: demo.process.lives() and ask(f"{demo.url}/healthz")[0] == 200)
    eventually(lambda: demo.engine_wrote_ms() > before)
    page.goto(demo.url + "/")
    page.wait_for_function("+document.querySelector('.tile.up .big')?.textContent > 10")
    assert demo.closed_days() == days


def _nothing_is_there_twice(demo):
    archive = ArchiveReader(demo.data / "archive")
    seen = Counter(
        (event["reporter"], event["source"], event["id"])
        for day in archive.days()
        for event in map(json.loads, archive.read(day))
    )
    assert len(seen) > 10_000
    assert [identity for identity, times in seen.items() if times > 1] == []
    store = KeyStore(demo.data / "keys.db")
    store.open()
    try:
        assert Counter(key.enterprise for key in store.all_keys()).most_common(1)[0][1] == 1
    finally:
        store.close()
