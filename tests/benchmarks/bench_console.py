"""The console with 1,000 stations, 2,000 links and 23 days: memory, processor time, and commit to page.

    python tests/benchmarks/bench_console.py [--turns 60] [--data DIR]

Prints the process's resident memory alone and with one wall open, the share of a core it uses while the engine's
poll results touch 50 elements each second, and the spread of the time from the ledger's commit to the browser.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from schemas.status import Reading
from stores.doorbell import Doorbell
from stores.ledger import Ledger, province_view

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "console" / "sample_province.py"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """() => { window.seen = []; new MutationObserver(() => {
  const n = document.querySelector('.tile.down .big')?.textContent;
  if (n !== window.last) { window.last = n; window.seen.push(Date.now()); }
}).observe(document.body, {childList: true, subtree: true, characterData: true});
window.last = document.querySelector('.tile.down .big').textContent; }"""


def start(data: Path) -> tuple[subprocess.Popen[str], str]:
    """The sample console as a process, and its address."""
    command = [sys.executable, str(SAMPLE), "--port", "0", "--data", str(data)]
    command += ["--stations", "1000", "--links", "2000", "--days", "23"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = next(line for line in process.stdout if line.strip().isdigit())
    return process, f"http://127.0.0.1:{port.strip()}"


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def used_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write(ledger: Ledger, ids: list[str], status: Reading | None) -> int:
    """What the engine commits: elements polled again, or (with a status) one of them turned. Returns the moment."""
    now = time.time_ns() // 1_000_000
    with ledger.writing() as connection:
        found = [province_view.current_of(connection, id_) for id_ in ids]
        rows = [
            replace(one, measured_at_ms=now, updated_ms=now) if status is None
            else replace(one, status=status, since_ms=now, updated_ms=now)
            for one in found if one is not None
        ]  # fmt: skip
        province_view.save_states(connection, rows)
    return time.time_ns() // 1_000_000


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        data = arguments.data or Path(scratch) / "data"
        if not (data / "ledger.db").exists():
            process, _ = start(data)
            process.terminate()
            process.wait()
        process, address = start(data)
        print(f"memory, nobody looks      {resident_mb(process.pid):7.0f} MB")
        ledger, bell = Ledger(data / "ledger.db"), Doorbell(data / "console.bell")
        ledger.open()
        with ledger.reading() as connection:
            stations = [one for one in province_view.current(connection) if one.kind == "station"]
        ids = [one.element for one in stations]
        up = [one.element for one in stations if one.status is Reading.UP]
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        context = driver.chromium.launch_persistent_context(
            Path(scratch) / "profile", executable_path=chromium, headless=True, args=ARGUMENTS
        )
        page = context.pages[0]
        page.goto(address + "/")
        page.wait_for_function("window.socket?.connected")
        page.wait_for_selector(".map canvas")
        print(f"memory, one wall open     {resident_mb(process.pid):7.0f} MB")
        page.evaluate(WATCH)
        before, began, commits, turned = used_s(process.pid), time.monotonic(), [], {}
        for turn in range(arguments.turns):
            for _ in range(2):
                write(ledger, chance.sample(ids, 25), None)
                bell.ring()
                page.wait_for_timeout(chance.randint(350, 650))
            target = chance.choice(up)
            turned[target] = Reading.UP if turned.get(target) is Reading.DOWN else Reading.DOWN
            commits.append(write(ledger, [target], turned[target]))
            bell.ring()
            page.wait_for_timeout(2_000 if turn + 1 == arguments.turns else 1)
            page.wait_for_function(f"window.seen.length > {turn}", timeout=10_000)
        share = (used_s(process.pid) - before) / (time.monotonic() - began)
        seen = page.evaluate("window.seen")
        delays = sorted(at - commit for commit, at in zip(commits, seen, strict=False))
        print(f"memory after {arguments.turns} turns     {resident_mb(process.pid):7.0f} MB")
        print(f"processor                 {share:7.1%} of a core")
        print(f"commit to page, median    {delays[len(delays) // 2]:7d} ms")
        print(f"commit to page, p99       {delays[min(len(delays) - 1, int(len(delays) * 0.99))]:7d} ms")
        context.close()
        ledger.close()
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
