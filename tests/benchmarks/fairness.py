"""How long a visitor waits beside others who ask for much: `python -m tests.benchmarks.fairness`.

One asks for seven networks' masks of 48 megapixels, and again at the finest detail of 12; a moment later another asks
for those of a sample. Printed is how long that takes alone and beside each.
"""

import time
from concurrent.futures import wait

import numpy as np
from PIL import Image

from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS
from seg.service.memory import Memory, Visitor
from seg.service.requests import Request
from seg.service.service import PredictionService

NAMES = ("conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet", "fc_densenet103")
HEAD_START = 1.0


def main() -> None:
    index, dataset = WeightIndex("weights"), DATASETS["street"]
    records = [index.record(f"street/{name}-wce") for name in NAMES]
    samples = [dataset.open(seed).image for seed in dataset.samples]
    service = PredictionService(Memory(3_000_000_000))

    def ask(picture: np.ndarray, name: str, visitor: Visitor, detail: int = 1) -> list:
        return [service.request(Request.of(name, one, detail=detail), picture, visitor) for one in records]

    def seconds(picture: np.ndarray, name: str) -> float:
        begun, visitor = time.monotonic(), Visitor()
        wait(ask(picture, name, visitor))
        return time.monotonic() - begun

    seconds(samples[0], "first")  # loads the networks
    print(f"a sample alone: {seconds(samples[1], 'alone'):.2f} s", flush=True)
    for title, size, detail in (("48 megapixels", (8000, 6000), 1), ("12 megapixels at detail 4", (4000, 3000), 4)):
        large, owner = np.asarray(Image.fromarray(samples[0]).resize(size)), Visitor()
        begun = time.monotonic()
        asked = ask(large, title, owner, detail)
        time.sleep(HEAD_START)
        print(f"{title}: another's sample after {seconds(samples[2], f'beside {title}'):.2f} s", flush=True)
        if detail == 1:
            wait(asked)
            print(f"{title}: all masks after {time.monotonic() - begun:.1f} s", flush=True)
        begun = time.monotonic()
        service.release(owner)
        print(f"its visitor leaves: a sample after {seconds(samples[3], f'after {title}'):.2f} s", flush=True)
    service.close()


if __name__ == "__main__":
    main()
