"""What a broker says before it closes is heard, over a real socket pair."""

import socket

from kafka.errors import KafkaConnectionError
from kafka.net.transport import KafkaSSLTransport

from stores.kafka.last_words import heed_last_words


class Standing:
    """A transport with nothing but its socket."""

    def __init__(self, sock):
        self._sock = sock


def test_what_came_together_with_the_end_is_read_first_and_the_end_shows_then():
    heed_last_words()
    heed_last_words()
    ours, brokers = socket.socketpair()
    ours.setblocking(False)
    with ours:
        with brokers:
            brokers.sendall(b"authentication failed")
        standing = Standing(ours)
        assert KafkaSSLTransport._sock_recv(standing) == (b"authentication failed", None)
        data, error = KafkaSSLTransport._sock_recv(standing)
        assert data == b""
        assert isinstance(error, KafkaConnectionError)
