"""A folder in the layout of the public CamVid copy: pictures SPLIT/NAME.* beside labels SPLITannot/NAME.*."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from seg.datasets.files import pictures_in, read_bytes, slashes
from seg.datasets.pairing import Pictures, best
from seg.datasets.sample import Sample
from seg.errors import DataError, ImageError
from seg.labels import ClassMap
from seg.pictures import masks
from seg.pictures.decode import decode


class Folder:
    """The labelled pictures of one split and of the folders in it, in the order of their names, read when asked for.

    A label belongs to the picture that it is named like, see `seg.datasets.pairing`; reading: what a person says about
    labels that can be read in several ways. Raises DataError, naming the file, for a missing folder and a picture
    without label (at once, or when it is read if it may be `lacking`), and for a file that `seg.pictures` refuses (when
    it is read); AmbiguousMask for a label that it doubts.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        class_map: ClassMap,
        reading: masks.Reading = masks.AS_FILED,
        lacking: bool = False,
    ):
        self.class_map, self.reading = class_map, reading
        self.pictures, self.labels = Path(root) / split, Path(root) / f"{split}annot"
        for folder in (self.pictures, self.labels):
            if not folder.is_dir():
                raise DataError(
                    f"{folder} is not a folder{slashes(root)}: pictures belong in {split}/ and labels in {split}annot/."
                )
        pictures = pictures_in(self.pictures)
        if not pictures:
            raise DataError(f"There are no pictures in {self.pictures}: put PNG, JPEG, WebP, BMP or TIFF files there.")
        self.files = list(zip(pictures, self._labels(pictures), strict=True))
        for picture, label in self.files:
            if label is None and not lacking:
                raise DataError(self._lacks(picture))

    def _labels(self, pictures: Sequence[Path]) -> list[Path | None]:
        """The label of each picture, None where there is none or where several could be it."""
        known = Pictures([str(path.relative_to(self.pictures)) for path in pictures])
        found: dict[int, list[Path]] = defaultdict(list)
        shared: list[tuple[Path, list[int]]] = []
        for label in pictures_in(self.labels):
            partners = known.partners(str(label.relative_to(self.labels)), loosely=True)
            if len(partners) == 1:
                found[partners[0]].append(label)
            elif partners:
                shared.append((label, partners))
        for label, partners in shared:
            if any(index not in found for index in partners):
                several = " and ".join(str(pictures[index]) for index in partners)
                raise DataError(f"{label} could be the label of {several}: leave one there.")
        return [self._chosen(picture, found[index]) for index, picture in enumerate(pictures)]

    def _chosen(self, picture: Path, labels: list[Path]) -> Path | None:
        alike = [label for label in labels if label.stem == picture.stem] or labels
        chosen = best([label.name for label in alike]) if len(alike) > 1 else 0
        if chosen is None:
            several = ", ".join(str(label) for label in alike)
            raise DataError(f"{picture} has several labels, {several}: leave one there.")
        return alike[chosen] if alike else None

    def _lacks(self, picture: Path) -> str:
        wanted = (self.labels / picture.relative_to(self.pictures)).with_suffix(".png")
        return f"{picture} has no label: {wanted} is missing, and nothing else there is named like it."

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        picture, label = self.files[index]
        if label is None:
            raise DataError(self._lacks(picture))
        try:
            shown = decode(read_bytes(picture), str(picture))
            mask = masks.read(
                read_bytes(label),
                str(label),
                self.class_map,
                (shown.pixels.shape[0], shown.pixels.shape[1]),
                self.reading,
                shown.orientation,
                shown.pixels,
            )
        except masks.AmbiguousMask:
            raise
        except ImageError as error:
            raise DataError(str(error)) from error
        name = str(picture.relative_to(self.pictures).with_suffix(""))
        return Sample(name, shown.pixels, mask.labels, file=str(picture), notes=(*shown.notes, *mask.notes))

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))
