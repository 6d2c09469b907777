import json

import pytest

from ingest.snmp.traps.identity import Boot, IdentityError, boot


def random_bytes(count):
    return b"\xaa" * count


def test_the_engine_id_stays_and_each_start_is_another_boot(tmp_path):
    path = tmp_path / "engine.json"
    first = boot(path, 1000, random_bytes)
    second = boot(path, 2000, lambda count: b"\xbb" * count)
    assert second.engine_id == first.engine_id
    assert second.boots == (Boot(1, 1000), Boot(2, 2000))
    # RFC 3411: 5 to 32 octets, the highest bit set, format 5.
    assert len(first.engine_id) == 17
    assert first.engine_id[0] & 0x80
    assert first.engine_id[4] == 5


def test_the_boot_that_ran_when_a_datagram_came_is_found(tmp_path):
    path = tmp_path / "engine.json"
    for now in (1000, 2000, 3000):
        identity = boot(path, now, random_bytes)
    assert [identity.boot_at(at).number for at in (0, 1000, 1999, 2000, 9000)] == [1, 1, 1, 2, 3]


def test_only_the_latest_boots_are_kept_and_the_count_goes_on(tmp_path):
    path = tmp_path / "engine.json"
    path.write_text(json.dumps({"engine_id": "800000", "boots": [[n, n] for n in range(1, 1501)]}))
    identity = boot(path, 5000, random_bytes)
    assert identity.boots[-1] == Boot(1501, 5000)
    assert len(identity.boots) == 1000


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"engine_id": "zz", "boots": []}', '{"engine_id": "80", "boots": []}']
)
def test_a_damaged_identity_is_an_error_and_stays_as_it_is(tmp_path, content):
    path = tmp_path / "engine.json"
    path.write_text(content)
    with pytest.raises(IdentityError):
        boot(path, 1000, random_bytes)
    assert path.read_text() == content
