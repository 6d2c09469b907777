"""Why no broker could be used.

A client of kafka-python (3.0.12) tries its brokers until its time is over, and then says only that. Each try's failure
(the login, the TLS handshake, a refused connection) goes to its log alone. It is kept here and told with the end.
"""

import re
from functools import partial
from typing import Any, Final

from kafka.errors import (
    AuthorizationError,
    InvalidReceiveError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

_LONGEST_TEXT: Final = 300
# RFC 8446, 5.1: an alert's content type and the record's major version, where Kafka's frames have their length.
_TLS_ALERT: Final = 0x1503
_DENIED: Final = (AuthorizationError, SaslAuthenticationFailedError, UnsupportedSaslMechanismError)


def told(error: BaseException) -> str:
    """A Kafka error as a line for a person; the library puts requests and answers into its texts."""
    name = type(error).__name__
    text = re.sub(rf"^(\[Error -?\d+\] ?)?({name}[: ]*)*", "", " ".join(str(error).split()))
    if isinstance(error, InvalidReceiveError):
        text = _not_kafka(text)
    return f"{name}: {text[:_LONGEST_TEXT]}" if text else name


def _not_kafka(text: str) -> str:
    length = re.search(r"-?\d+$", text)
    if length and int(length[0]) >> 16 == _TLS_ALERT:
        return "the port answers with TLS"
    return f"the port answers with something else than Kafka ({text})"


def is_denied(error: BaseException) -> bool:
    """Whether the brokers answer and refuse us, so that trying again helps only once a person has acted."""
    return isinstance(error, _DENIED)


class ClientWithReasons(KafkaNetClient):  # type: ignore[misc] # the library has no types
    """What the library's consumers, producers and admins take as `kafka_client`."""

    def __init__(self, net: Any = None, manager: Any = None, **configs: Any) -> None:
        net = net or NetworkSelector(**configs)
        super().__init__(net, manager or _Manager(net, **configs), **configs)


class _Manager(KafkaConnectionManager):  # type: ignore[misc] # the library has no types
    """Connections whose failures are kept until the same broker is connected."""

    def __init__(self, net: Any, **configs: Any) -> None:
        self._failures: dict[Any, BaseException] = {}
        super().__init__(net, **configs)

    def get_connection(self, node_id: Any, *arguments: Any, **named: Any) -> Any:
        """See the library; called for each request, so that nothing is done with a connection that stands."""
        connection = super().get_connection(node_id, *arguments, **named)
        if connection.initializing:
            connection.init_future.add_callback(lambda _: self._failures.pop(node_id, None))
            connection.init_future.add_errback(partial(self._failed, node_id))
        return connection

    def _failed(self, node_id: Any, error: BaseException) -> None:
        # Later tries tell less: the end of the time cuts the last one off.
        if is_denied(error):
            self._failures[node_id] = error
        else:
            self._failures.setdefault(node_id, error)

    def bootstrap(self, *arguments: Any, **named: Any) -> None:
        """See the library. Where a client's constructor fails by it nobody has that client: it is closed here.

        Raises:
            KafkaError: one that `is_denied` where a broker refused us, else `KafkaTimeoutError` with what each try met.
        """
        try:
            super().bootstrap(*arguments, **named)
        except KafkaTimeoutError as error:
            raise _with_reasons(error, list(self._failures.values())) from error
        finally:
            if self.broker_version_data is None:
                self.close()
                self._net.close()


def _with_reasons(error: BaseException, failures: list[BaseException]) -> BaseException:
    # Of several brokers one may be away: who lets us in nowhere has to know that first.
    for one in failures:
        if is_denied(one):
            return one
    if not failures:
        return error
    text = "; ".join(sorted(set(map(told, failures))))
    reasons: BaseException = KafkaTimeoutError(f"no broker can be used: {text}")
    return reasons
