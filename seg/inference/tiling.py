"""Pictures of any size on tiles of one size: where tiles lie, how they are cut, and how their logits are blended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

ALIGNMENT = 32
"""Tiles start at multiples of this, so that pooling sees the same grid in every tile as in the whole picture."""

MIN_OVERLAP = 64


def starts(length: int, tile: int) -> list[int]:
    """Where tiles begin along one axis; the last one may reach beyond `length`."""
    step = max((tile - MIN_OVERLAP) // ALIGNMENT, 1) * ALIGNMENT
    return [i * step for i in range(1 + max(0, -(-(length - tile) // step)))]


def reflected(length: int, padded: int) -> Tensor:
    """Indices, int64 (padded,), that continue 0 … length−1 by reflection (replication for a single pixel)."""
    if length == 1:
        return torch.zeros(padded, dtype=torch.long)
    position = torch.arange(padded) % (2 * length - 2)
    return torch.where(position < length, position, 2 * length - 2 - position)


@dataclass(frozen=True)
class Tiling:
    """The tiles of a picture of `size` (h, w), each of `tile` (th, tw)."""

    size: tuple[int, int]
    tile: tuple[int, int]

    @property
    def corners(self) -> list[tuple[int, int]]:
        """Top left corners, row by row."""
        return [(y, x) for y in starts(self.size[0], self.tile[0]) for x in starts(self.size[1], self.tile[1])]

    def cut(self, image: Tensor, batch: int) -> Iterator[tuple[list[tuple[int, int]], Tensor]]:
        """(C, h, w) → batches of (corners, (n, C, th, tw)), the picture continued by reflection."""
        if self.size == self.tile:
            yield [(0, 0)], image[None]
            return
        rows, columns = (reflected(n, n + t).to(image.device) for n, t in zip(self.size, self.tile, strict=True))

        def at(y: int, x: int) -> Tensor:
            bottom, right = y + self.tile[0], x + self.tile[1]
            if bottom <= self.size[0] and right <= self.size[1]:
                return image[:, y:bottom, x:right]
            return image[:, rows[y:bottom]][:, :, columns[x:right]]

        corners = self.corners
        for i in range(0, len(corners), batch):
            part = corners[i : i + batch]
            tiles = [at(y, x) for y, x in part]
            yield part, torch.stack(tiles) if len(tiles) > 1 else tiles[0][None]

    def blend(self, image: Tensor, run: Callable[[Tensor], Tensor], batch: int = 16) -> Tensor:
        """Cut, `run` ((n, C, th, tw) → (n, K, th, tw)) and add up, weighted towards each tile's middle: (K, h, w)."""
        if len(self.corners) == 1:
            ((_, tile),) = self.cut(image, batch)
            return run(tile)[0, :, : self.size[0], : self.size[1]]
        (height, width), weight = self.size, self._weight().to(image.device)
        total, weights = torch.zeros(0), torch.zeros(height, width, device=image.device)
        for corners, tiles in self.cut(image, batch):
            for (y, x), logits in zip(corners, run(tiles), strict=True):
                if not len(total):  # how many classes there are, the first tile tells
                    total = torch.zeros(len(logits), height, width, device=image.device)
                y, x = slice(y, y + self.tile[0]), slice(x, x + self.tile[1])
                part = weights[y, x]
                here = weight[: part.shape[0], : part.shape[1]]
                total[:, y, x].addcmul_(logits.to(image.device)[:, : part.shape[0], : part.shape[1]], here)
                part += here
        return total.div_(weights)

    def _weight(self) -> Tensor:
        def ramp(length: int) -> Tensor:
            distance = torch.arange(1.0, length + 1)
            return torch.minimum(distance, distance.flip(0)).clamp(max=MIN_OVERLAP) / MIN_OVERLAP

        return ramp(self.tile[0])[:, None] * ramp(self.tile[1])[None, :]
