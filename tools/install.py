"""Install requirements into a virtual environment: `python3 tools/install.py .venv requirements.txt`.

The PyTorch that pip finds for Linux brings 6.5 GB of CUDA. uv chooses the build that fits the machine, from an index of
PyTorch's own. Where that index does not answer, pip installs the ordinary build, and nobody is asked.
"""

import shutil
import subprocess
import sys
from pathlib import Path

PATIENCE = 30
"""Seconds that uv may take to lay out what it would install."""


def install(folder: Path, requirements: Path) -> None:
    """Install what a requirements file lists; makes the environment where there is none.

    What was cut off before its end is made anew. Raises CalledProcessError if pip cannot install it either.
    """
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    whole = _python(folder).exists() and not unfinished.exists()
    unfinished.touch()
    if not whole:
        make(folder)
    if not _install_with_uv(folder, requirements):
        _pip(folder, "-r", str(requirements))
    unfinished.unlink()


def _install_with_uv(folder: Path, requirements: Path) -> bool:
    """Whether it could; if not, the environment is as it was, or new."""
    try:
        if not (uv := shutil.which("uv")):
            _pip(folder, "uv")
            uv = str(folder / "bin" / "uv")
        command = [uv, "pip", "install", "--quiet", "--python", str(_python(folder)), "--torch-backend=auto"]
        command += ["-r", str(requirements)]
        subprocess.run([*command, "--dry-run"], check=True, timeout=PATIENCE, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        _say("PyTorch's index does not answer: pip installs the ordinary build, on Linux with 6.5 GB of CUDA.")
        return False
    if subprocess.run(command).returncode:
        _say("uv did not come to its end: the environment is made anew, and pip installs the ordinary build.")
        make(folder)
        return False
    return True


def make(folder: Path) -> None:
    """An environment with nothing but pip, whatever was there."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)


def _pip(folder: Path, *what: str) -> None:
    command = [_python(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    subprocess.run(command, check=True)


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]), Path(sys.argv[2]))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
