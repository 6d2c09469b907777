"""Both engines, and agents to try them on."""

import itertools

import pytest

from ingest.snmp.engine import Target
from ingest.snmp.engine_gufo import GufoEngine
from ingest.snmp.engine_pysnmp import PysnmpEngine
from schemas.credentials import AuthProtocol, Community, PrivProtocol, UsmUser
from tests.snmp_agents.net_snmp import AUTH_KEY, PRIV_KEY, NetSnmp

ENGINES = {"gufo": GufoEngine, "pysnmp": PysnmpEngine}
# For who answers: no busy machine makes a silence of that, or a second request. Who is silent is given less.
ANSWERS_S = 5.0


@pytest.fixture(params=sorted(ENGINES))
async def engine(request):
    numbers = itertools.count(1)
    made = ENGINES[request.param](lambda: next(numbers))
    made.name = request.param
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def community_target():
    def make(agent, version="2c", community="public", **options):
        options = {"timeout_s": ANSWERS_S, "retries": 1} | options
        return Target(
            f"device:{agent.port}", "127.0.0.1", agent.port, Community("c", version, community), **options
        )

    return make


@pytest.fixture
def usm_target():
    def make(
        agent, user="sha1aes", auth="SHA", priv="AES-128", auth_key=AUTH_KEY, priv_key=PRIV_KEY, **options
    ):
        options = {"timeout_s": ANSWERS_S, "retries": 0} | options
        credential = UsmUser(
            "u", user,
            AuthProtocol(auth) if auth else None, auth_key if auth else None,
            PrivProtocol(priv) if priv else None, priv_key if priv else None,
        )  # fmt: skip
        return Target(f"device:{agent.port}", "127.0.0.1", agent.port, credential, **options)

    return make


@pytest.fixture
def net_snmp(require_tool, tmp_path):
    with NetSnmp(require_tool("snmpd"), tmp_path) as agent:
        yield agent
