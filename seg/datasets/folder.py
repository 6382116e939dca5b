"""A folder in the layout of the public CamVid copy: pictures SPLIT/NAME.* beside labels SPLITannot/NAME.*."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from seg.datasets.files import pictures_in, read_bytes, slashes
from seg.datasets.pairing import matched
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
        """The label of each picture, None where there is none."""
        labels = pictures_in(self.labels)
        found = matched(
            [str(picture.relative_to(self.pictures)) for picture in pictures],
            [str(label.relative_to(self.labels)) for label in labels],
        )
        for label, indices in found.shared:
            several = " and ".join(str(pictures[index]) for index in indices)
            raise DataError(f"{labels[label]} could be the label of {several}: leave one there.")
        for index in sorted(found.several):
            several = ", ".join(str(labels[label]) for label in found.several[index])
            raise DataError(f"{pictures[index]} has several labels, {several}: leave one there.")
        return [None if label is None else labels[label] for label in found.labels]

    def _lacks(self, picture: Path) -> str:
        wanted = (self.labels / picture.relative_to(self.pictures)).with_suffix(".png")
        return f"{picture} has no label: {wanted} is missing, and nothing else there is named like it."

    def __len__(self) -> int:
        return len(self.files)

    @property
    def names(self) -> list[str]:
        """Of the pictures, none of which is read for it."""
        return [str(picture.relative_to(self.pictures).with_suffix("")) for picture, _ in self.files]

    def __getitem__(self, index: int) -> Sample:
        picture, label = self.files[index]
        if label is None:
            raise DataError(self._lacks(picture))
        name = str(picture.relative_to(self.pictures).with_suffix(""))
        return read_pair(name, picture, label, self.class_map, self.reading)

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))


def read_pair(name: str, picture: Path, label: Path, class_map: ClassMap, reading: masks.Reading) -> Sample:
    """A picture file and its mask file. Raises DataError, naming the file, and AmbiguousMask like `masks.read`."""
    try:
        shown = decode(read_bytes(picture), str(picture))
        mask = masks.read(
            read_bytes(label),
            str(label),
            class_map,
            (shown.pixels.shape[0], shown.pixels.shape[1]),
            reading,
            shown.orientation,
            shown.pixels,
        )
    except masks.AmbiguousMask:
        raise
    except ImageError as error:
        raise DataError(str(error)) from error
    return Sample(name, shown.pixels, mask.labels, file=str(picture), notes=(*shown.notes, *mask.notes))
