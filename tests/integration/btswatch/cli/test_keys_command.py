import json

import pytest

from btswatch.cli.app import run
from stores.data_directory import DataDirectory, Mode
from stores.keys import KeyStore


@pytest.fixture
def keys(tmp_path, capsys):
    def call(*arguments: str):
        code = run(["keys", *arguments, "--data", str(tmp_path)])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return call


def test_a_key_is_made_listed_and_revoked_and_its_secret_is_shown_once(keys):
    code, out, _ = keys("create", "--enterprise", "vina", "--note", "NOC", "--by", "an", "--json")
    made = json.loads(out)
    assert (code, made["enterprise"], made["note"]) == (0, "vina", "NOC")
    secret = made["token"].split("_")[2]
    code, out, _ = keys("list", "--json")
    assert secret not in out
    assert json.loads(out) == [{key: value for key, value in made.items() if key != "token"}]
    code, out, _ = keys("revoke", made["key_id"], "--reason", "lost", "--by", "binh")
    assert code == 0
    _, out, _ = keys("list", "--json")
    assert json.loads(out)[0]["revoked"]
    _, out, _ = keys("list", "--audit", "--json")
    assert [(line["actor"], line["action"]) for line in json.loads(out)] == [
        ("an", "create"),
        ("binh", "revoke"),
    ]


def test_without_json_the_token_alone_is_on_stdout(keys, tmp_path):
    code, out, err = keys("create", "--enterprise", "vina")
    assert code == 0
    assert out.startswith("bw_")
    assert len(out.split()) == 1
    assert "can't be shown again" in err
    assert (tmp_path / "keys.db").exists()


def test_the_list_of_one_enterprise_is_its_own(keys):
    for enterprise in ("vina", "mobi"):
        keys("create", "--enterprise", enterprise)
    _, out, _ = keys("list", "--enterprise", "mobi")
    assert "mobi" in out
    assert "vina" not in out


@pytest.mark.parametrize("day", ["tomorrow", "2020-01-01"])
def test_a_wrong_day_of_expiry_is_misuse(keys, day):
    code, _, err = keys("create", "--enterprise", "vina", "--expires", day)
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize("enterprise", ["", " ", "a/b", "a b", "a;b", "x" * 65])
def test_what_can_be_no_enterprises_id_gets_no_key(keys, enterprise):
    code, out, err = keys("create", "--enterprise", enterprise)
    assert (code, out) == (2, "")
    assert "--enterprise" in err


def test_an_unknown_key_is_misuse_and_names_the_nearest(keys):
    _, out, _ = keys("create", "--enterprise", "vina", "--json")
    key_id = json.loads(out)["key_id"]
    code, _, err = keys("revoke", key_id[:-1] + "z")
    assert code == 2
    assert key_id in err


def test_listing_where_nothing_is_says_so_and_makes_nothing(keys, tmp_path):
    code, _, err = keys("list")
    assert (code, err.count("\n")) == (3, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_is_out_of_reach(keys, tmp_path):
    (tmp_path / "keys.db").write_bytes(b"no database" * 100)
    code, _, err = keys("list")
    assert code == 3
    assert "Traceback" not in err


def test_the_commands_token_opens_what_the_store_reads(keys, tmp_path):
    keys("create", "--enterprise", "vina", "--expires", "2099-01-01")
    store = KeyStore(tmp_path / "keys.db")
    store.open()
    (key,) = store.all_keys()
    store.close()
    assert key.expires_ms == 4_070_883_600_000


@pytest.mark.parametrize("mode", [None, Mode.DEMO, Mode.PRODUCTION])
def test_a_key_may_come_before_the_first_start_and_goes_into_a_directory_of_either_mode(tmp_path, mode):
    directory = DataDirectory(tmp_path / "data")
    if mode is not None:
        directory.create(mode)
    assert run(["keys", "create", "--enterprise", "viettel", "--data", str(directory.path)]) == 0
    assert directory.mode() is (mode or Mode.PRODUCTION)
    directory.create(mode or Mode.PRODUCTION)  # the first start after it
