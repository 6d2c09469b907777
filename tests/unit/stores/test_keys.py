import hashlib
import sqlite3
import stat

import pytest

from stores.keys import KeyStore, KeyStoreError, RevokedKeyError, UnknownKeyError, matches


@pytest.fixture
def store(tmp_path):
    store = KeyStore(tmp_path / "keys.db")
    store.open()
    yield store
    store.close()


def test_the_secret_is_in_the_token_and_nowhere_in_the_file(store, tmp_path):
    key, token = store.create("vina", actor="an", now_ms=1, note="NOC")
    prefix, key_id, secret = token.split("_")
    assert (prefix, key_id) == ("bw", key.key_id)
    assert len(secret) == 64
    assert secret.endswith(key.last4)
    store.close()
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert key.hash == "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def test_a_hash_matches_its_own_secret_only(store):
    (one, token), (two, _) = (store.create("vina", actor="an", now_ms=1) for _ in range(2))
    secret = token.split("_")[2]
    assert matches(one.hash, secret)
    assert not matches(two.hash, secret)
    assert not matches(one.hash, secret[:-1])
    assert not matches(one.hash, one.hash)
    assert not matches("no hash", secret)
    assert not matches("", "")


def test_secrets_have_256_bits_and_never_repeat(tmp_path):
    drawn = []

    def entropy(count):
        drawn.append(count)
        return bytes([len(drawn)]) * count

    store = KeyStore(tmp_path / "keys.db", entropy=entropy)
    store.open()
    tokens = [store.create("vina", actor="an", now_ms=1)[1] for _ in range(2)]
    store.close()
    assert [len(bytes.fromhex(token.split("_")[2])) for token in tokens] == [32, 32]
    assert len(set(tokens)) == 2
    assert drawn == [5, 32, 5, 32]


def test_the_file_is_its_owners_alone(store, tmp_path):
    store.create("vina", actor="an", now_ms=1)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_revoked_key_is_valid_before_that_moment_only_and_stays_on_record(store):
    key, _ = store.create("vina", actor="an", now_ms=1)
    assert store.revoke(key.key_id, actor="binh", now_ms=5, reason="lost").revoked_ms == 5
    assert store.revoke(key.key_id, actor="chi", now_ms=9).revoked_ms == 5
    (kept,) = store.all_keys()
    assert (kept.valid_at(4), kept.valid_at(5)) == (True, False)
    lines = [(line.at_ms, line.actor, line.action, line.reason) for line in store.audit()]
    assert lines == [(1, "an", "create", ""), (5, "binh", "revoke", "lost")]


def test_an_expired_key_is_invalid_from_that_moment(store):
    key, _ = store.create("vina", actor="an", now_ms=1, expires_ms=10)
    assert (key.valid_at(9), key.valid_at(10)) == (True, False)


def test_another_process_sees_a_change_at_once(store, tmp_path):
    other = KeyStore(tmp_path / "keys.db")
    other.open()
    key, _ = store.create("vina", actor="an", now_ms=1)
    assert [one.key_id for one in other.all_keys()] == [key.key_id]
    other.close()


def test_revoking_what_is_not_there_is_a_typed_error(store):
    with pytest.raises(UnknownKeyError) as caught:
        store.revoke("absent", actor="an", now_ms=1)
    assert caught.value.key_id == "absent"


def test_a_file_that_is_no_database_is_a_typed_error(tmp_path):
    (tmp_path / "keys.db").write_bytes(b"no database" * 100)
    with pytest.raises(KeyStoreError):
        KeyStore(tmp_path / "keys.db").open()


def test_a_closed_store_says_so(tmp_path):
    with pytest.raises(KeyStoreError):
        KeyStore(tmp_path / "keys.db").all_keys()


def test_a_failed_write_leaves_no_key_behind(store, tmp_path):
    with sqlite3.connect(tmp_path / "keys.db") as other:
        other.execute("DROP TABLE api_key_audit")
    other.close()
    with pytest.raises(KeyStoreError):
        store.create("vina", actor="an", now_ms=1)
    assert store.all_keys() == []


def test_a_key_is_followed_by_another_without_a_gap(store):
    former, _ = store.create("vina", actor="an", now_ms=1, note="NOC", expires_ms=99)
    key, token = store.rotate(former.key_id, actor="binh", now_ms=10, until_ms=20)
    assert matches(key.hash, token.split("_")[2])
    assert (key.enterprise, key.note, key.expires_ms) == ("vina", "NOC", 99)
    former = next(one for one in store.all_keys() if one.key_id == former.key_id)
    assert [former.valid_at(at) for at in (10, 19, 20)] == [True, True, False]
    assert key.valid_at(20)
    assert [(line.action, line.key_id, line.actor) for line in store.audit()[1:]] == [
        ("create", key.key_id, "binh"),
        ("rotate", former.key_id, "binh"),
    ]
    with pytest.raises(RevokedKeyError):
        store.rotate(former.key_id, actor="an", now_ms=11, until_ms=30)
    with pytest.raises(UnknownKeyError):
        store.rotate("0000000000", actor="an", now_ms=11, until_ms=30)
    assert store.revoke(former.key_id, actor="an", now_ms=12).revoked_ms == 12, "sooner than planned"
    assert store.revoke(former.key_id, actor="an", now_ms=15).revoked_ms == 12
