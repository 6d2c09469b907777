"""Open files: an engine may hold a socket per device, more than a shell's usual 1,024."""

import sys

import structlog

log = structlog.get_logger()
# Beside the sockets: databases, the gateway's connections, logs.
_OTHERS = 512


def allow_sockets(wanted: int) -> bool:
    """Raise this process's soft limit of open files towards the hard one; False where that is not enough."""
    if sys.platform == "win32":
        return True
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHERS
    unlimited = hard == resource.RLIM_INFINITY
    if soft < needed and soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if unlimited else min(needed, hard), hard))
    if unlimited or hard >= needed:
        return True
    log.warning("too few open files for all devices: raise `ulimit -n`", hard_limit=hard, needed=needed)
    return False
