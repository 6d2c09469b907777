"""A bare aiokafka loop over single messages, which fetches and counts: python aiokafka_loop.py BOOTSTRAP TOPIC COUNT [json].

With `json` each message is decoded too. Prints {"messages", "seconds", "cpu_s"} of the stretch from the first message to the last.
"""

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer


async def main(bootstrap, name, count, decode):
    consumer = AIOKafkaConsumer(
        name,
        bootstrap_servers=bootstrap,
        group_id=f"bare-{time.time_ns()}",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=1 << 20,
    )
    await consumer.start()
    seen = up = 0
    began = cpu = 0.0
    try:
        while seen < count:
            found = await consumer.getmany(timeout_ms=500, max_records=5000)
            if found and not began:
                began, cpu = time.perf_counter(), time.process_time()
            for messages in found.values():
                seen += len(messages)
                if decode:
                    up += sum(json.loads(one.value)["data"]["status"] == "up" for one in messages)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    finally:
        await consumer.stop()
    sys.stdout.write(json.dumps({"messages": seen, "seconds": seconds, "cpu_s": cpu_s}) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), "json" in sys.argv[4:]))
