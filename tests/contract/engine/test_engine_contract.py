import random
import time
from itertools import pairwise

import pytest

from stores.ledger import Ledger
from stores.ledger.alarms import FIGURE_DIFFERS, open_alarms

LONG_AFTER = 20 * 86_400_000


def test_final_figures_and_findings_equal_a_replay_of_the_archive(make_host, world, replay_of, word_of):
    host = make_host("plain")
    host.append(0, len(world.entries))
    host.start(until=len(world.entries))
    host.finish()
    now = world.last_received + LONG_AFTER
    official = host.close_days(now)
    assert official == replay_of(host.data / "archive", host.world.registry, now)
    assert len(official) > 30
    found = host.word()
    assert found == word_of(host.data / "archive", host.world.registry, now)
    assert len(found) > 10
    assert any("fault" in line for line in found)


@pytest.mark.parametrize("batch_events", [37])
def test_batching_changes_neither_provisional_nor_final_figures(make_host, world, replay_of, batch_events):
    host = make_host("steps", batch_events=batch_events, checkpoint_s=3600, flush_s=7200)
    cuts = [
        0,
        *sorted(random.Random(batch_events).sample(range(1, len(world.entries)), 3)),
        len(world.entries),
    ]
    for first, last in pairwise(cuts):
        host.append(first, last)
        host.start(until=last)
        host.finish()
    now = world.last_received + LONG_AFTER
    provisional = [line.replace('"provisional"', '"final"') for line in host.provisional()]
    official = host.close_days(now)
    assert official == replay_of(host.data / "archive", host.world.registry, now)
    # The live engine had all that counts before the days closed: it must have said the same.
    assert provisional == official
    ledger = Ledger(host.data / "ledger.db")
    ledger.open()
    with ledger.reading() as connection:
        assert [one for one in open_alarms(connection) if one.kind == FIGURE_DIFFERS] == []
    ledger.close()


def test_killing_it_anywhere_changes_nothing(make_host, world, replay_of):
    host = make_host("killed", batch_events=50, checkpoint_s=600, flush_s=1200)
    dice = random.Random(11)
    done = 0
    while done < len(world.entries):
        last = min(len(world.entries), done + dice.randrange(*host.entries_between_kills))
        host.start()
        host.append(done, last)
        done = last
        time.sleep(dice.random() * 0.4)  # the moment of the kill has to be any moment
        host.kill()
    host.start(until=len(world.entries))
    host.finish()
    now = world.last_received + LONG_AFTER
    provisional = [line.replace('"provisional"', '"final"') for line in host.provisional()]
    official = host.close_days(now)
    assert official == replay_of(host.data / "archive", host.world.registry, now)
    assert provisional == official


def test_a_broken_entry_is_kept_with_its_reason_and_stops_nobody(make_host, world):
    host = make_host("broken")
    host.append(0, 200)
    host.start(until=200)
    host.finish()
    assert "malformed" in host.refused_codes()
