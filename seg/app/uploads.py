"""Files that have come by an uploader, which Streamlit holds in memory until the visit is over."""

from collections.abc import Iterable

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile


def let_go(files: Iterable[UploadedFile]) -> None:
    """Hold them no longer: what they brought has been taken, and their uploader is drawn afresh."""
    context = get_script_run_ctx()
    if context is None or not isinstance(manager := context.uploaded_file_mgr, MemoryUploadedFileManager):
        return
    for file in files:
        manager.remove_file(context.session_id, file.file_id)
