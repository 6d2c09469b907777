"""A Quix Streams loop over single messages, each decoded from JSON: python quix_loop.py BOOTSTRAP TOPIC COUNT.

Runs in an environment of its own (requirements-peers.lock). Prints {"messages", "seconds", "cpu_s"} of the stretch from
the first message to the last.
"""

import json
import sys
import time

from quixstreams import Application


class Loop:
    def __init__(self):
        self.seen = self.up = 0
        self.began = self.cpu = 0.0

    def update(self, message):
        """What the plainest user of the observations does: look at one field of each."""
        if not self.seen:
            self.began, self.cpu = time.perf_counter(), time.process_time()
        self.seen += 1
        self.up += message["data"]["status"] == "up"


def main(bootstrap, name, count):
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{time.time_ns()}",
        auto_offset_reset="earliest",
        loglevel=None,
        auto_create_topics=False,
    )
    loop = Loop()
    frame = app.dataframe(app.topic(name, value_deserializer="json"))
    frame.update(loop.update)
    app.run(count=count, timeout=60, collect=False)
    seconds, cpu_s = time.perf_counter() - loop.began, time.process_time() - loop.cpu
    assert loop.seen >= count, f"{loop.seen} of {count}"
    sys.stdout.write(json.dumps({"messages": loop.seen, "seconds": seconds, "cpu_s": cpu_s}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
