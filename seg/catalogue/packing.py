"""Weight sets as one ZIP, and back."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from seg.catalogue.record import Record
from seg.catalogue.store import WeightIndex, index_text
from seg.datasets.archive import Unpacked
from seg.errors import DataError, WeightsError


def packed_sets(index: WeightIndex, names: Iterable[str]) -> bytes:
    """A ZIP that is a folder of weights when it is unpacked. Raises WeightsError for a set that is not there."""
    records = {name: index.record(name) for name in names}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(index.path.name, index_text(records))
        for record in records.values():
            index.verify(record)
            path = index.file(record)
            archive.write(path, path.relative_to(index.folder))
    return file.getvalue()


def unpack_sets(source: IO[bytes], name: str, index: WeightIndex) -> list[Record]:
    """Add the weight sets of a ZIP to a folder of weights; those of the same name are replaced.

    name: what sentences call the ZIP. ONNX files are left out: a ZIP comes from anywhere, and no more than numbers are
    taken from it.

    Raises WeightsError with a sentence for what is no ZIP of weight sets, or one that is damaged.
    """
    try:
        unpacked = Unpacked(source, name, kept={".json", ".safetensors"})
    except DataError as error:
        raise WeightsError(str(error)) from error
    try:
        found = _folder_in(unpacked.folder)
        if found is None:
            raise WeightsError(f"{name} holds no weight sets: a ZIP of them has an index.json, as 'Teach' gives it.")
        theirs = WeightIndex(found)
        records = [record for record in theirs.networks().values() if record.is_module]
        if not records:
            raise WeightsError(f"{name} holds no weight set whose numbers are in a .safetensors file.")
        for record in records:
            theirs.check_fit(record)
        for record in records:
            index.take(record, theirs)
        return records
    except WeightsError as error:
        raise WeightsError(str(error).replace(f"{unpacked.folder}", name)) from error
    finally:
        unpacked.close()


def _folder_in(folder: Path) -> Path | None:
    """Where the one index.json is: at the top, or in the folder that was packed."""
    found = [path.parent for path in (folder / "index.json", *sorted(folder.glob("*/index.json"))) if path.is_file()]
    return found[0] if found else None
