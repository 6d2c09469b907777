"""The ledger's sink as a process: python sink_host.py URL. Takes the same batches from the first one on, as after a restart."""

import random
import sys

from processors.sinks.dead_letters import DeadLetters
from processors.sinks.ledger import LedgerSink
from schemas.settings.kafka import KafkaSettings
from stores.ledger import Ledger
from tests.contract.sinks import results as told


def main(url: str) -> None:
    sink = LedgerSink(
        Ledger(url),
        told.ENTERPRISES,
        told.CALENDAR,
        DeadLetters("ledger", KafkaSettings(), lambda: told.START),
        lambda: None,
    )
    sink.open()
    flat = [one for lane in told.history(random.Random(1)) for one in lane]
    for at in range(0, len(flat), 7):
        sink.write(flat[at : at + 7])
        sys.stdout.write(f"{at}\n")
        sys.stdout.flush()
    sink.close()


if __name__ == "__main__":
    main(sys.argv[1])
