"""What a client says that could use no broker, against sockets that answer as bad brokers do."""

import contextlib
import socket
import subprocess
import sys
import threading

import pytest
from kafka.errors import SaslAuthenticationFailedError

from stores.kafka.reasons import told


@pytest.fixture
def hangs_up_once():
    """A port that ends the first connection at once, and says nothing to those after it."""
    ended = threading.Event()
    with contextlib.ExitStack() as held, socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with server.accept()[0]:
                pass
            while not ended.is_set():
                held.enter_context(server.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


@contextlib.contextmanager
def answering(answer):
    """A port that answers each connection's first bytes with these.

    It leaves the end to the client: of an answer that comes together with the end the library tells the end alone.
    """
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while not ended.is_set():
                # A client whose time is over hangs up before it has read.
                with server.accept()[0] as connection, contextlib.suppress(ConnectionError):
                    if connection.recv(1000):
                        connection.sendall(answer)
                        connection.recv(1000)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            socket.create_connection(server.getsockname()).close()
            thread.join()


def said(client, bootstrap):
    """In a process of its own: of a client that could not be made the library leaves sockets to the garbage collector."""
    # So long that a busy machine comes to its first answer in it.
    return child("print(tried())", client, bootstrap, timeout_s=4)


def child(code, client, bootstrap, timeout_s=1):
    command = [sys.executable, "-c", f"{_TRIED}\n{code}", client, bootstrap, str(timeout_s)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


_TRIED = """
import sys
import kafka
from schemas.settings.kafka import KafkaSettings
from stores.kafka.connection import connection
from stores.kafka.reasons import told

def tried():
    try:
        getattr(kafka, sys.argv[1])(**connection(KafkaSettings(bootstrap=sys.argv[2], timeout_s=int(sys.argv[3]))))
    except kafka.errors.KafkaTimeoutError as error:
        return told(error)
"""
_LEFT = """
import gc, os, threading
for _ in range(4):
    assert tried()
    gc.collect()
    print(threading.active_count(), len(os.listdir("/dev/fd")))
"""


CLIENTS = ("KafkaAdminClient", "KafkaConsumer", "KafkaProducer")


@pytest.mark.parametrize("client", CLIENTS)
def test_tries_while_brokers_are_away_leave_no_thread_and_no_descriptor(client):
    first, *others = child(_LEFT, client, "127.0.0.1:1").splitlines()
    assert first.startswith("1 ")
    assert others == [first] * 3


@pytest.mark.parametrize("client", CLIENTS)
def test_a_last_try_that_the_end_cuts_off_hides_no_reason(hangs_up_once, client):
    begin = "KafkaTimeoutError: no broker can be used: KafkaConnectionError: "
    assert said(client, f"127.0.0.1:{hangs_up_once}").startswith(begin)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        # What a broker's TLS port says to a client without TLS, before it hangs up.
        (bytes.fromhex("15030300020250"), "the port answers with TLS"),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "the port answers with something else than Kafka (Invalid frame length: 1213486160)",
        ),
    ],
)
def test_a_port_that_speaks_something_else_is_told_as_such(answer, reason):
    with answering(answer) as port:
        told_line = said("KafkaAdminClient", f"127.0.0.1:{port}")
    assert told_line == f"KafkaTimeoutError: no broker can be used: InvalidReceiveError: {reason}\n"


def test_a_reason_of_several_brokers_is_told_once():
    assert said("KafkaAdminClient", "127.0.0.1:1,127.0.0.1:2").count("ECONNREFUSED") == 1


def test_an_error_is_named_once():
    error = SaslAuthenticationFailedError("SaslAuthenticationFailedError: invalid credentials")
    assert told(error) == "SaslAuthenticationFailedError: invalid credentials"
    assert told(SaslAuthenticationFailedError()) == "SaslAuthenticationFailedError"
