"""What a broker says last.

kafka-python (3.0.12) drops what arrives together with a connection's end. A broker that refuses a login answers and closes at
once, so that over TLS a wrong password looked like a broker that is away. What came is read first here; the end shows at the
next read.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from kafka.net.transport import KafkaSSLTransport

_Receive = Callable[[Any], tuple[bytes, Exception | None]]
_RECEIVE: Final = "_sock_recv"


def heed_last_words() -> None:
    """Let all TLS connections of this process do so; done once."""
    receive: _Receive = vars(KafkaSSLTransport)[_RECEIVE]
    if not hasattr(receive, "__wrapped__"):
        setattr(KafkaSSLTransport, _RECEIVE, _data_first(receive))


def _data_first(receive: _Receive) -> _Receive:
    @wraps(receive)
    def first(transport: Any) -> tuple[bytes, Exception | None]:
        data, error = receive(transport)
        return data, None if data else error

    return first
