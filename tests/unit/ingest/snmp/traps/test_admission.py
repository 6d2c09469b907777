from ingest.snmp.traps.admission import Admission


def admission(clock, per_sender=2, together=5):
    return Admission(lambda address: address == "agent", per_sender, together, lambda: clock[0])


def test_an_agent_has_no_bound_and_a_stranger_one_a_minute():
    clock = [0.0]
    door = admission(clock)
    assert all(door.admits("agent") for _ in range(100))
    assert [door.admits("a") for _ in range(3)] == [True, True, False]
    clock[0] = 59.9
    assert not door.admits("a")
    clock[0] = 60.0
    assert door.admits("a")


def test_strangers_with_ever_new_addresses_have_one_bound_together_and_take_no_memory():
    clock = [0.0]
    door = admission(clock)
    assert sum(door.admits(f"forged-{n}") for n in range(1_000)) == 5
    assert len(door._taken) <= 5
    assert door.admits("agent")
