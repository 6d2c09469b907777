import pytest

from schemas.credentials import AuthProtocol, Community, PrivProtocol, UsmUser
from stores.registry import RegistryErrors
from stores.registry.credentials import load_credentials

TEXT = """
[community.access]
community = "c0mmun1ty"
[community.old]
version = "1"
community = "public"
[usm.core]
user = "btswatch"
auth_protocol = "SHA-256"
auth_key = "auth-secret"
priv_protocol = "AES-128"
priv_key = "priv-secret"
[usm.open]
user = "guest"
context = "bts"
"""


@pytest.fixture
def written(tmp_path):
    def make(text, mode=0o600):
        path = tmp_path / "credentials.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return make


def test_communities_and_users_come_by_name(written):
    assert load_credentials(written(TEXT)) == {
        "access": Community("access", "2c", "c0mmun1ty"),
        "old": Community("old", "1", "public"),
        "core": UsmUser(
            "core", "btswatch", AuthProtocol.SHA_256, "auth-secret", PrivProtocol.AES_128, "priv-secret"
        ),
        "open": UsmUser("open", "guest", context="bts"),
    }


def test_no_repr_shows_a_secret(written):
    shown = repr(load_credentials(written(TEXT)))
    for secret in ("c0mmun1ty", "auth-secret", "priv-secret", "public"):
        assert secret not in shown


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o700])
def test_a_file_that_others_may_read_is_refused(written, mode):
    with pytest.raises(RegistryErrors, match="chmod 0600"):
        load_credentials(written(TEXT, mode))


def test_an_absent_file_means_no_credentials(tmp_path):
    assert load_credentials(tmp_path / "credentials.toml") == {}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[usm.a]\nuser = "u"\nauth_protocol = "MD5"\nauth_key = "hunter2hunter2"', "usm.a.auth_protocol"),
        ('[usm.a]\nuser = "u"\nauth_protocol = "SHA"', "usm.a"),
        ('[usm.a]\nuser = "u"\npriv_protocol = "AES-128"\npriv_key = "hunter2hunter2"', "usm.a"),
        ('[usm.a]\nuser = "u"\nauth_protocol = "SHA"\nauth_key = "hunter2"', "usm.a.auth_key"),
        ('[community.a]\ncommunty = "hunter2hunter2"', "community.a.community"),
        ('[community.a]\nversion = "3"\ncommunity = "hunter2hunter2"', "community.a.version"),
        ('[community.a]\ncommunity = "hunter2"\n[usm.a]\nuser = "u"', ""),
        ("[community.a\n", ""),
    ],
)
def test_a_wrong_entry_is_named_without_its_secret(written, text, field):
    with pytest.raises(RegistryErrors) as caught:
        load_credentials(written(text))
    assert caught.value.problems[0].field == field
    assert "hunter2" not in "".join(str(problem) for problem in caught.value.problems)


def test_a_directory_in_its_place_is_told(tmp_path):
    with pytest.raises(RegistryErrors, match="is not a regular file"):
        load_credentials(tmp_path)


def test_a_byte_order_mark_is_no_part_of_it(written):
    assert load_credentials(written("\ufeff" + TEXT)) == load_credentials(written(TEXT))
