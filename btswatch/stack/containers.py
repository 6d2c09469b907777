"""What the compose file's containers need in the settings file, since lists are set nowhere else."""

from collections.abc import Sequence

from btswatch.settings import StatusSettings
from btswatch.stack.wiring import scrape_settings


def further_settings(status: StatusSettings, proxies: Sequence[str]) -> str:
    """TOML: each part is scraped at the service of its name; the proxies are believed.

    Args:
        status: the ports.
        proxies: addresses of reverse proxies before the gateway.
    """
    quoted = ", ".join(f'"{one}"' for one in proxies)
    return f"\n[gateway]\ntrusted_proxies = [{quoted}]\n{scrape_settings(lambda part: part, status)}"
