"""`python -m btswatch.stack.probe URL`: exit 0 when it answers with success; for containers, which have no curl."""

import http.client
import sys
from urllib.parse import urlsplit

_TIMEOUT_S = 4


def main(url: str) -> int:
    """The exit code; the reason goes to standard error."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        text = answer.read(1_000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        print(f"{url}: {error}", file=sys.stderr)  # noqa: T201 - what the engine shows of a probe
        return 1
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        print(f"{url}: {answer.status} {text}", file=sys.stderr)  # noqa: T201 - see above
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
