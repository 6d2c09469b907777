"""A made-up drive-test campaign: a car along the province's roads, one sample of every enterprise after the other."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

from processors.drive_test.columns import COLUMNS
from processors.drive_test.sample import OUTCOMES

# Share of samples on each technology, mean signal in dBm, mean download in Mbit/s.
_NETWORKS: Final = (
    ("4G", 0.7, -98.0, 38.0),
    ("3G", 0.15, -88.0, 6.0),
    ("5G", 0.1, -92.0, 210.0),
    ("2G", 0.05, -82.0, 0.0),
)
_SAMPLES: Final = 10_000
_NORTH, _EAST = 21.8539, 106.7612


def campaign(enterprises: Sequence[str], day: date, seed: int) -> bytes:
    """A file of 10,000 samples, the last enterprise's the weakest, and some rows that are refused."""
    lines = list(rows(enterprises, day, _SAMPLES, seed, {enterprises[-1]: 12.0}))
    wrong = [lines[7], lines[8].replace("Z,", ",", 1), lines[9].replace(",2", ",92", 1)]
    return "\n".join([*lines, *wrong, ""]).encode()


def rows(
    enterprises: Sequence[str],
    day: date,
    count: int,
    seed: int,
    weaker: Mapping[str, float] | None = None,
) -> Iterator[str]:
    """The lines of a file without line ends, its header first.

    Args:
        enterprises: whose networks are sampled in turn.
        day: on which, from 7:00 of Indochina Time on.
        count: samples.
        seed: the same seed, the same file.
        weaker: dB by which an enterprise's signal is weaker.
    """
    chance = Random(f"drive test {seed}")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    yield ",".join(COLUMNS)
    north, east = _NORTH, _EAST
    for number in range(count):
        at = start + timedelta(milliseconds=number * 36_000_000 // max(count, 1))
        north = min(max(north + chance.uniform(-0.001, 0.001), 21.4), 22.4)
        east = min(max(east + chance.uniform(-0.001, 0.001), 106.2), 107.3)
        enterprise = enterprises[number % len(enterprises)]
        yield (
            f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z,{north:.6f},{east:.6f},{enterprise},"
            f"{_sample(chance, (weaker or {}).get(enterprise, 0.0))}"
        )


def _sample(chance: Random, weaker: float) -> str:
    technology, _, dbm, mbps = chance.choices(_NETWORKS, [one[1] for one in _NETWORKS])[0]
    signal = min(-31.0, chance.gauss(dbm - weaker, 9.0))
    download = upload = outcome = ""
    if mbps and chance.random() < 0.6:
        speed = chance.expovariate(1 / mbps)
        download, upload = f"{speed:.2f}", f"{speed / 4:.2f}"
    if chance.random() < 0.4:
        outcome = chance.choices(OUTCOMES, (970, 18, 12))[0]
    return f"{technology},{signal:.1f},{download},{upload},{outcome}"
