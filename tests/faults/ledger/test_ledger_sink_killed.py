"""kill -9 of the ledger's sink in the middle of its batches, on each database: what came before comes again."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from stores.ledger import Ledger
from tests.contract.sinks.results import content

HOST = Path(__file__).parent / "sink_host.py"
ROOT = Path(__file__).parents[3]


def started(url):
    return subprocess.Popen(
        [sys.executable, str(HOST), url],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_killed_in_the_middle_of_batches_nothing_is_lost_or_doubled(new_ledger):
    disturbed, undisturbed = Ledger(new_ledger()), Ledger(new_ledger())
    dice = random.Random(6)
    for until in (2, 5, 9):
        with started(disturbed.url.render_as_string(hide_password=False)) as process:
            for _ in range(until):
                assert process.stdout.readline()
            time.sleep(dice.random() * 0.02)  # any moment of the next batches
            process.kill()
    for ledger in (disturbed, undisturbed):
        with started(ledger.url.render_as_string(hide_password=False)) as process:
            process.communicate()
            assert process.returncode == 0
        ledger.open()
    assert content(disturbed) == content(undisturbed)
    assert len(content(disturbed)["transition_days"]) == 3
    for ledger in (disturbed, undisturbed):
        ledger.close()
