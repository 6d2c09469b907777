"""kill -9 while events come in: what was acknowledged is there, and sending all of it again leaves each there once."""

import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from stores.journal import Journal
from stores.keys import KeyStore

PROGRAM = Path(__file__).with_name("gateway_process.py")


class Gateway:
    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        # The log goes to stdout too.
        self.port = next(int(line) for line in self.process.stdout if line.strip().isdigit())
        self._drain = threading.Thread(target=self.process.stdout.read, daemon=True)
        self._drain.start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._drain.join()
        self.process.stdout.close()


def batch(number: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    return b"\n".join(
        json.dumps(
            {
                "specversion": "1.0",
                "id": f"{number}-{n}",
                "source": "vina/noc",
                "type": "btswatch.heartbeat.v1",
                "subject": "vina",
                "time": now,
            }
        ).encode()
        for n in range(20)
    )


@pytest.mark.parametrize("after", [1, 7, 23])
def test_what_was_acknowledged_survives_and_repeating_all_leaves_each_once(tmp_path, after):
    keys = KeyStore(tmp_path / "keys.db")
    keys.open()
    _, token = keys.create("vina", actor="test", now_ms=0)
    keys.close()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    sent: list[bytes] = []
    receipts: dict[int, dict] = {}

    gateway = Gateway(tmp_path)
    enough = threading.Event()
    killer = threading.Thread(target=lambda: (enough.wait(60), gateway.kill()))
    killer.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{gateway.port}", headers=headers, timeout=30) as client:
        while True:
            sent.append(batch(len(sent)))
            try:
                answer = client.post("/v1/events", content=sent[-1])
            except httpx.TransportError:
                break
            assert answer.status_code == 202, answer.text
            receipts[len(sent) - 1] = answer.json()
            if len(receipts) >= after:
                enough.set()
    killer.join()

    with Journal(tmp_path / "journal.db") as journal:
        stored = {json.loads(entry.body)["id"] for entry in journal.read(0, 100_000)}
    assert stored >= {f"{number}-{n}" for number in receipts for n in range(20)}

    again = Gateway(tmp_path)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{again.port}", headers=headers, timeout=30) as client:
            for number, content in enumerate(sent):
                answer = client.post("/v1/events", content=content).json()
                if number in receipts:
                    assert answer["receipt"] == receipts[number]["receipt"]
                    assert answer["duplicates"] == 20
                found = client.get(f"/v1/receipts/{answer['receipt']}")
                assert found.status_code == 200
    finally:
        again.kill()
    with Journal(tmp_path / "journal.db") as journal:
        counts = Counter(json.loads(entry.body)["id"] for entry in journal.read(0, 100_000))
    assert counts == Counter(f"{number}-{n}" for number in range(len(sent)) for n in range(20))
