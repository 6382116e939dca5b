"""The way to a Ray cluster, which is an optional extra: requirements-ray.txt."""

import logging
import os
import socket

from seg.errors import OptionError


def connect(address: str) -> None:
    """Connect to Ray; usage statistics and dashboard off where this starts it. `ray.shutdown()` ends it.

    address: "local" starts it on this machine, "auto" finds the one that runs here, "HOST:PORT" names a cluster's head.

    Raises OptionError with a sentence if ray is not installed, or nothing answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise OptionError("Ray is not installed: pip install -r requirements-ray.txt, or leave --ray out.") from error
    try:
        if address not in ("local", "auto"):
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=10).close()  # ray itself would wait for minutes
        own = {"include_dashboard": False, "object_store_memory": 100 * 2**20} if address == "local" else {}
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise OptionError(
            f"There is no Ray to work with at {address!r} ({one_line(error).rstrip('.')}): choose local, auto or "
            "HOST:PORT, and set RAY_AUTH_MODE=token for a cluster that asks for a token."
        ) from error


def one_line(error: BaseException) -> str:
    """Its first line, or what it is."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
