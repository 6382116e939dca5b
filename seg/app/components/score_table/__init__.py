"""A table of scores, a column a network, in which a class can be chosen."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from streamlit.components.v2 import component

from seg.app.components.events import when_told
from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One line of the table, as it is to be read. colour: the class's, as '#rrggbb', '' for what is no class; best:
    whether each cell is printed bold."""

    name: str
    cells: Sequence[str]
    best: Sequence[bool]
    colour: str = ""


def score_table(
    columns: Sequence[str], rows: Sequence[Row], label: str, key: str, on_class: Callable[[str], None] | None = None
) -> None:
    """Show the rows; where the table is wider than its place it scrolls, and the names of the rows stay.

    ``on_class`` takes the name of a class that the visitor chooses, or '' for all of them, before the page runs again;
    without it the classes are text.
    """

    data = {
        "columns": list(columns),
        "rows": [asdict(row) for row in rows],
        "label": label,
        "chooses": on_class is not None,
    }
    tell = when_told(key, "chosen", on_class or (lambda _: None))
    _mount(key=key, data=data, on_chosen_change=tell)


_mount = component(
    "seg_score_table",
    html=(_FOLDER / "score_table.html").read_text("utf-8"),
    css=(_FOLDER / "score_table.css").read_text("utf-8"),
    js=joined(_FOLDER / "score_table.js"),
)
