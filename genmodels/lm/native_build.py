"""Building and finding the compiled decoder.

It is compiled from `native_src` for the processor of this machine, by `python -m genmodels.lm.native_build`,
and never at any other time. The result lies beside its source under a name that is derived from the source,
the processor and the flags, so that a stale or foreign one is never loaded.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from genmodels.errors import ConfigError

SOURCE = Path(__file__).parent / "native_src"
BUILD_COMMAND = "python -m genmodels.lm.native_build"
VERSION = 2
"""Of the interface; `native_version()` of the library must say the same."""

_TUNED = "-march=native" if platform.machine().lower() in ("x86_64", "amd64", "i686") else "-mcpu=native"
_FLAGS = (
    *("-O3", "-std=c++17", "-shared", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"),
    *("-Wno-psabi", _TUNED),
)
_COMPILERS = ("c++", "g++", "clang++")
_TIMEOUT_S = 300.0
# loads it and runs nothing else: a processor that cannot carry out its instructions ends this process only
_TRIAL = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).native_trial())"


def _processor() -> str:
    """What the compiler tunes for."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "CPU implementer", "CPU part", "Features")
    found = {line.split(":")[0].strip(): line for line in lines if line.split(":")[0].strip() in wanted}
    return platform.machine() + "".join(found.values())


def library_path(folder: Path | None = None) -> Path:
    """Where the library for this source and this machine lies if it has been built.

    Args:
        folder: by default `build` beside the source.
    """
    key = hashlib.sha256(f"{VERSION} {_FLAGS} {sys.platform} {_processor()}".encode())
    for source in sorted(SOURCE.glob("*.*")):
        key.update(source.name.encode() + source.read_bytes())
    return (folder or SOURCE / "build") / f"native-{key.hexdigest()[:24]}.so"


def find_compiler() -> str | None:
    """The C++ compiler named by the environment variable CXX, or else the system's; None if there is none."""
    named = os.environ.get("CXX")
    for name in (named,) if named else _COMPILERS:
        path = shutil.which(name)
        if path is not None:
            return path
    return None


def build(folder: Path | None = None, extra_flags: tuple[str, ...] = ()) -> Path:
    """Compile the library, unless it is there already.

    Args:
        folder: see `library_path`.
        extra_flags: for the compiler.
    Raises:
        ConfigError: there is no compiler, it fails, or what it makes does not run here.
    """
    path = library_path(folder)
    if path.is_file():
        return path
    compiler = find_compiler()
    if compiler is None:
        raise ConfigError("the compiled decoder needs a C++ compiler (g++ or clang++, or name one in CXX)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made = Path(scratch) / path.name
            _run([compiler, *_FLAGS, *extra_flags, str(SOURCE / "step.cpp"), "-o", str(made)])
            _run([sys.executable, "-c", _TRIAL, str(made)])
            os.replace(made, path)
    except OSError as error:
        raise ConfigError(f"the compiled decoder cannot be put into {path.parent}: {error}") from error
    return path


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ConfigError(
            f"building the compiled decoder: {command[0]} took over {_TIMEOUT_S:.0f} s"
        ) from None
    if done.returncode != 0:
        reason = done.stderr.strip()[-800:] or f"exit status {done.returncode}"
        raise ConfigError(f"building the compiled decoder: {command[0]} failed: {reason}")


@lru_cache(maxsize=4)
def load_library(path: Path) -> ctypes.CDLL | None:
    """The library, or None if it has not been built for this machine, or cannot be loaded."""
    if not path.is_file():
        return None
    try:
        library = ctypes.CDLL(str(path))
        return library if library.native_version() == VERSION else None
    except (OSError, AttributeError):
        return None


def main() -> int:
    """Build it, say how that went in one line, and return 0 if it is there."""
    try:
        path = build()
    except ConfigError as error:
        print(f"{error}; models will run on slower decoders", file=sys.stderr)
        return 1
    print(f"compiled decoder: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
