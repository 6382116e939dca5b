"""The way to a Ray cluster, which is an optional extra: requirements-ray.txt."""

import logging
import math
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from seg.errors import OptionError, SegError, ServiceError

BATCH = 8
"""Items that a worker takes at a time."""

MOST_BATCHES = 20_000
"""More items make larger ones: the cluster keeps account of each."""


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


class _Worker:
    def __init__(self, make: Callable[[Any], Callable[[list], Any]], order: Any, items: Any):
        import ray

        self.work, self.items = make(order), ray.get(items[0])

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            answer = self.work([self.items[place] for place in batch["item"].tolist()])
        except SegError as error:  # whatever else goes wrong, Ray tells
            answer = error
        answers = np.empty(1, object)
        answers[0] = answer
        return {"answer": answers}


def spread(address: str, make: Callable[[Any], Callable[[list], Any]], order: Any, items: Sequence[Any]) -> Iterator:
    """What workers answer to parts of the items, in their order: one for each GPU of the cluster, or for each core
    where it has none. A worker that is lost is replaced, and what it was at is done again.

    address: as `connect` takes it. make: makes the worker of an order, once a process. Raises the SegErrors of workers,
    OptionError without Ray, and ServiceError where the cluster is lost.
    """
    connect(address)
    import ray
    import ray.data
    from ray.exceptions import RayError

    try:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        there = ray.cluster_resources()
        gpus, cores = int(there.get("GPU", 0)), int(there.get("CPU", 1))
        batches = max(1, min(MOST_BATCHES, math.ceil(len(items) / BATCH)))
        answered = ray.data.from_items(list(range(len(items))), override_num_blocks=batches).map_batches(
            _Worker,
            fn_constructor_args=(make, order, (ray.put(list(items)),)),
            batch_size=None,
            concurrency=min(gpus or cores, batches),
            num_gpus=1 if gpus else 0,
            num_cpus=1,
        )
        for found in answered.iter_rows():
            if isinstance(found["answer"], SegError):
                raise found["answer"]
            yield found["answer"]
    except (RayError, OSError) as error:
        raise ServiceError(f"The cluster is lost ({one_line(error).rstrip('.')}).") from error
    finally:
        ray.shutdown()


def one_line(error: BaseException) -> str:
    """Its first line, or what it is."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
