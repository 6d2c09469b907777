"""Availability once more, by the letter of the spec: one slot at a time, no packing, no carry, no numpy.

Slow and plain on purpose: the oracle that the core is held against.
"""

import json
import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

CODES = {"no_response": 1, "up": 2, "degraded": 3, "down": 4}
UNKNOWN, UP, DEGRADED, DOWN, PLANNED = range(5)
READS = {2: UP, 3: DEGRADED, 4: DOWN}
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def epoch(text):
    return datetime.fromisoformat(text).timestamp()


def day_start(day):
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()


def close(day, lateness=72 * 3600):
    return day_start(day + timedelta(days=1)) + lateness


def day_of(moment):
    return datetime.fromtimestamp(moment, ZONE).date()


class Oracle:
    def __init__(self, registry, events, now, grid=10):
        self.registry, self.now, self.G = registry, now, grid
        self.events = [e for e in events if epoch(e["receivedtime"]) <= now]

    def row(self, element, day):
        return self.registry.on(element, day)

    def accepted(self, day):
        """Events that section 2 does not refuse, with the registry of the day, received by the day's close."""
        for e in self.events:
            received = epoch(e["receivedtime"])
            if received > close(day) or epoch(e["time"]) - received > 60:
                continue
            if e["type"] == "btswatch.status.v1":
                row = self.row(e["subject"], day)
                if row is None:
                    continue
                if e["track"] == "declared" and (
                    row.enterprise != e["reporter"] or e["data"]["status"] == "no_response"
                ):
                    continue
            yield e

    def counts(self, e):
        return epoch(e["receivedtime"]) <= close(day_of(epoch(e["time"])))

    def read_track(self, element, track, day, row, slots):
        G = self.G  # noqa: N806 - the spec's letter
        enterprise = self.registry.enterprises[row.enterprise]
        valid = row.measured_valid_for_s if track == "measured" else row.declared_valid_for_s
        V = max(1, math.ceil(valid / G))  # noqa: N806 - the spec's letter
        worst, last = {}, {}
        alive = set()
        window = math.ceil(3 * enterprise.heartbeat_s / G)
        for e in self.accepted(day):
            if not self.counts(e):
                continue
            t = epoch(e["time"])
            s = int(t // G)
            if e["reporter"] == row.enterprise:
                alive.update(range(s, s + window))
            if e["type"] == "btswatch.status.v1" and e["subject"] == element and e["track"] == track:
                code = CODES[e["data"]["status"]]
                worst[s] = max(worst.get(s, 0), code)
                if code >= 2:
                    last[s] = max(last.get(s, (0, 0)), (int(t * 1000 + 1e-6), code))
        order = sorted(worst)
        value, holds = {}, {}
        run = []

        def end_run():
            had_down = False
            for s in run:
                if worst[s] == 1:
                    if len(run) >= 2:
                        unknown = row.no_response.value == "unknown" and not had_down
                        value[s] = holds[s] = UNKNOWN if unknown else DOWN
                else:
                    had_down = True

        for s in order:
            failing = worst[s] in (1, 4)
            if run and (not failing or s - run[-1] > V):
                end_run()
                run = []
            if failing:
                run.append(s)
            if worst[s] != 1:
                value[s] = READS[worst[s]]
                holds[s] = READS[last[s][1]]
        end_run()
        reading, current = {}, None
        for s in range(min([*order, slots[0]]), slots[-1] + 1):
            if s in value:
                current = (s, holds[s])
                reading[s] = value[s]
                continue
            reading[s] = UNKNOWN
            if current is None:
                continue
            at, held = current
            if track == "declared" and held == DOWN:
                reading[s] = DOWN
            elif track == "declared" and enterprise.feed.value == "transition":
                reading[s] = held if s in alive else UNKNOWN
            elif s <= at + V - 1:
                reading[s] = held
        return reading

    def effective(self, element, day):
        G = self.G  # noqa: N806 - the spec's letter
        row = self.row(element, day)
        end = math.ceil(day_start(day + timedelta(days=1)) / G)
        first_slot = math.ceil(day_start(day) / G)
        m = self.read_track(element, "measured", day, row, [first_slot, end - 1])
        d = self.read_track(element, "declared", day, row, [first_slot, end - 1])
        start = min([*m, *d])
        both, e = {}, {}
        for s in range(start, end):
            a, b = m.get(s, UNKNOWN), d.get(s, UNKNOWN)
            both[s] = (a, b)
            e[s] = {
                "measured_first": a or b,
                "declared_first": b or a,
                "worst": max(a, b),
                "measured_only": a,
                "declared_only": b,
            }[row.policy.value]
        windows = self.windows(element, day, row)
        result, fault, last_down = dict(e), None, None
        for s in range(start, end):
            if e[s] != DOWN:
                continue
            if last_down is None or s - last_down - 1 >= 900 / G:
                fault = s
            last_down = s
            for a, b in windows:
                if a <= s * G < b and fault >= math.floor(a / G):
                    result[s] = PLANNED
        return result, both, first_slot, end

    def windows(self, element, day, row):
        announced, withdrawn = {}, {}
        for e in self.accepted(day):
            if e["type"] != "btswatch.maintenance.v1" or e["reporter"] != row.enterprise:
                continue
            canonical = json.dumps(e, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
            book = announced if e["data"]["action"] == "announce" else withdrawn
            key = (epoch(e["receivedtime"]), canonical)
            notice = e["data"]["notice"]
            if notice not in book or key < book[notice][0]:
                book[notice] = (key, e["data"])
        spans = []
        for notice, ((received, _), data) in announced.items():
            a, b = epoch(data["from"]), epoch(data["to"])
            if element not in data["elements"] or a - received < 86400 or b - a > 72 * 3600:
                continue
            if notice in withdrawn:
                b = min(b, withdrawn[notice][0][0])
            if b > a:
                spans.append((a, b))
        united = []
        for a, b in sorted(spans):
            if united and a <= united[-1][1]:
                united[-1] = (united[-1][0], max(b, united[-1][1]))
            else:
                united.append((a, b))
        return united

    def day(self, element, day):
        """Seconds by effective reading, the 16 pairs, outages and longest of one day."""
        row = self.row(element, day)
        seconds, pairs, runs, run = [0] * 5, [0] * 16, [], 0
        if row is None:
            return seconds, pairs, runs
        effective, both, first, end = self.effective(element, day)
        for s in range(first, end):
            begins = s * self.G * 1000
            counted = (
                (row.commissioned is None or begins >= row.commissioned)
                and (row.decommissioned is None or begins < row.decommissioned)
                and (s + 1) * self.G <= self.now
            )
            if not counted:
                continue
            seconds[effective[s]] += self.G
            a, b = both[s]
            pairs[4 * a + b] += self.G
            if effective[s] == DOWN:
                run += self.G
            elif run:
                runs.append(run)
                run = 0
        if run:
            runs.append(run)
        return seconds, pairs, runs


def final(day, now):
    return now >= close(day)


__all__ = ["Oracle", "date", "day_start", "final"]
