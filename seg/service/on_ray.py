"""Questions answered by a Ray cluster: replicas of one Ray Serve deployment, each with the weight sets it is asked for.

Ray is an optional extra, requirements-ray.txt. All its machines must see the folders of weights under the same paths.
"""

import json
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seg.catalogue.store import SHIPPED, own_folders
from seg.errors import OptionError, SegError, ServiceError
from seg.inference.on_ray import connect
from seg.inference.segmenter import Segmenter

if TYPE_CHECKING:
    from seg.service.requests import Request

NETWORKS = 16
"""That a replica holds at most; the one used longest ago goes."""

PICTURES = 32
"""Held in the object store, each sent there once for all networks that are asked about it."""

ATTEMPTS = 5
"""At a question, where replicas are lost that are at it."""


class Cluster:
    """Answers in place of this process's own networks: with a replica for each GPU of the cluster, or for each core
    where it has none.

    address: as `seg.inference.on_ray.connect` takes it. callers: questions that it answers at once.

    Raises OptionError with a sentence where there is no Ray, or none at the address.
    """

    def __init__(self, address: str):
        connect(address)
        import ray

        try:
            from ray import serve
        except ImportError as error:
            ray.shutdown()
            raise OptionError("Ray Serve is not installed: pip install -r requirements-ray.txt.") from error
        there = ray.cluster_resources()
        gpus = int(there.get("GPU", 0))
        self.callers = gpus or max(int(there.get("CPU", 1)), 1)

        class Replica:
            @serve.multiplexed(max_num_models_per_replica=NETWORKS)
            async def network(self, key: str) -> Segmenter:
                name, folder, engine = json.loads(key)
                return Segmenter.load(name, engine=engine, weights=folder)

            async def __call__(self, wanted: "Request", picture: tuple[Any]) -> Any:
                load: Any = self.network  # Ray's types know it as a coroutine
                network = await load(serve.get_multiplexed_model_id())
                return wanted.question(network, await picture[0], wanted.detail)

        deployed = serve.deployment(
            num_replicas=self.callers,
            max_ongoing_requests=1,
            ray_actor_options={"num_gpus": 1} if gpus else {"num_cpus": 1},
        )(Replica)
        serve.start(proxy_location="Disabled")
        self._replicas = serve.run(deployed.bind(), name="seg", route_prefix=None)
        self._pictures: OrderedDict[str, Any] = OrderedDict()
        self._sending = threading.Lock()

    def takes(self, wanted: "Request") -> bool:
        """Whether its machines see the weight set: one that belongs to a visit lies on this machine alone."""
        return wanted.folder == SHIPPED or wanted.folder in own_folders()

    def __call__(self, wanted: "Request", pixels: np.ndarray) -> Any:
        """The answer about a picture, uint8 (H, W, 3) or (H, W). Raises SegErrors as the network does."""
        from ray.exceptions import ObjectLostError, RayActorError, RayError, RayTaskError

        replicas = self._replicas.options(
            multiplexed_model_id=json.dumps([wanted.record_name, str(wanted.folder), wanted.engine])
        )
        for _ in range(ATTEMPTS):
            try:
                return replicas.remote(replace(wanted, device="auto"), (self._sent(wanted.digest, pixels),)).result()
            except RayTaskError as error:
                raise error.cause if isinstance(error.cause, SegError) else ServiceError(_FAILED) from error
            except RayActorError:  # the replica is lost: the work is done again by another
                continue
            except ObjectLostError:
                self._forget(wanted.digest)
            except RayError as error:
                raise ServiceError(_FAILED) from error
        raise ServiceError(_FAILED)

    def close(self) -> None:
        """Stop the replicas, and a Ray that was started here."""
        import ray
        from ray import serve

        serve.shutdown()
        ray.shutdown()

    def _sent(self, digest: str, pixels: np.ndarray) -> Any:
        """Where the picture lies in the object store."""
        import ray

        with self._sending:
            if digest not in self._pictures:
                self._pictures[digest] = ray.put(pixels)
            self._pictures.move_to_end(digest)
            while len(self._pictures) > PICTURES:
                self._pictures.popitem(last=False)
            return self._pictures[digest]

    def _forget(self, digest: str) -> None:
        with self._sending:
            self._pictures.pop(digest, None)


_FAILED = "The cluster does not answer: try again in a minute."
