"""What the instrument needs, checked one by one."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from daw_bridge.control.port import in_use_text, listen
from daw_bridge.decks.protocol import PlayerOptions
from daw_bridge.errors import BridgeError, PortInUseError
from daw_bridge.options import OPTIONS, PRECISIONS

if TYPE_CHECKING:
    from daw_bridge.audio.devices import SoundDevice

Level = Literal["OK", "WARNING", "ERROR"]
NEEDED = (
    "torch", "torchaudio", "transformers", "rtmixer", "sounddevice", "soundfile", "soxr", "omegaconf",
    "aiohttp", "zeroconf",
)  # fmt: skip
FREE_DISK = 1_000_000_000


@dataclass(frozen=True)
class Check:
    """One line: how it is, what was looked at, and what to do when it is not OK."""

    level: Level
    subject: str
    text: str


def checks(port: int = 7400, model: str = "mini", precision: str = "auto") -> Iterator[Check]:
    """Every check in order; none raises, none changes anything.

    Args:
        port: UDP port that should be free.
        model: bundled name, or a path that should exist; other names are left to the hub.
        precision: number format of its arithmetic that should be there.
    """
    rows: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("torch", _torch),
        ("model", lambda: _model(model)),
        ("fast decoder", lambda: _fast_decoder(precision)),
        ("sound library", _portaudio),
        ("sound devices", _devices),
        ("sound inputs", _inputs),
        ("JACK", _jack),
        ("MIDI", _midi),
        ("OSC port", lambda: _port(port)),
        ("TCP ports", lambda: _tcp_ports(port)),
        ("processor", _processor),
        ("real time", _real_time),
        ("data folder", lambda: _data_folder(PlayerOptions().data)),
    )
    for subject, check in rows:
        yield _carried_out(subject, check)


def _carried_out(subject: str, check: Callable[[], Check]) -> Check:
    try:
        with _stderr_silent():
            return check()
    except Exception as error:
        return Check("ERROR", subject, f"could not be checked: {type(error).__name__}: {error}")


@contextmanager
def _stderr_silent() -> Iterator[None]:
    """Drop what sound libraries in C write to the terminal when nothing answers them."""
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _python() -> Check:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("OK", "python", text)


def _packages() -> Check:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        return Check("ERROR", "packages", f"{', '.join(missing)} missing: pip install daw-bridge again")
    return Check("OK", "packages", f"all {len(NEEDED)} there")


def _torch() -> Check:
    try:
        text = f"{version('torch')}, torchaudio {version('torchaudio')}"
    except PackageNotFoundError as error:
        return Check("ERROR", "torch", f"{error.name} is not installed: pip install daw-bridge again")
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("ERROR", "torch", f"{text}: cannot be loaded: {error}")
    if torch.cuda.is_available():
        return Check("OK", "torch", f"{text}, {torch.cuda.get_device_name(0)}")
    return Check("OK", "torch", f"{text}, no GPU: models run on the processor")


def _model(model: str) -> Check:
    package = find_spec("genmodels")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "checkpoints" / model
    if (folder / "config.yaml").is_file():
        weights = list(folder.glob("*.safetensors"))
        size = sum(path.stat().st_size for path in weights) / 1e6
        if weights:
            return Check("OK", "model", f"{model}, bundled, {size:.0f} MB")
        return Check("ERROR", "model", f"{model}: no .safetensors in {folder}: install again")
    if Path(model).exists():
        return Check("OK", "model", f"{model} exists")
    from genmodels.checkpoints.availability import availability
    from genmodels.checkpoints.names import published

    entry = published(model)
    if entry is not None:
        missing = ", ".join(availability(entry).missing)
        if not missing:
            return Check("OK", "model", f"{entry.name} is here")
        return Check("WARNING", "model", f"{entry.name}: {missing} will be fetched from the hub")
    if "/" in model:
        return Check("WARNING", "model", f"{model} is not here: it will be looked for on the hub")
    return Check("ERROR", "model", f"{model} is neither bundled ({folder}) nor a path")


def _fast_decoder(precision: str) -> Check:
    from genmodels.lm.native_build import BUILD_COMMAND, library_path, load_library

    if precision not in PRECISIONS:
        return Check("ERROR", "fast decoder", f"precision={precision}: choose one of {', '.join(PRECISIONS)}")
    if precision not in ("auto", "native"):
        return Check("OK", "fast decoder", f"not asked for: precision={precision}")
    if load_library(library_path()) is not None:
        return Check("OK", "fast decoder", "compiled for this processor")
    level: Level = "ERROR" if precision == "native" else "WARNING"
    return Check(level, "fast decoder", f"not compiled: models run several times slower; {BUILD_COMMAND}")


def _portaudio() -> Check:
    from daw_bridge.audio.devices import portaudio

    try:
        library = portaudio()
    except BridgeError as error:
        return Check("ERROR", "sound library", str(error))
    return Check("OK", "sound library", str(library.get_portaudio_version()[1]))


def _devices() -> Check:
    from daw_bridge.audio.devices import output_devices

    return _sound(
        "sound devices", output_devices, "WARNING", "none that plays", "the null clock will be used"
    )


def _inputs() -> Check:
    from daw_bridge.audio.devices import input_devices

    return _sound("sound inputs", input_devices, "OK", "none", "needed only to play by a sound input")


def _sound(
    subject: str, listed: Callable[[], list[SoundDevice]], without: Level, none: str, then: str
) -> Check:
    """The devices of a kind; without any, how bad that is, and what then."""
    try:
        found = listed()
    except BridgeError as error:
        return Check(without, subject, f"{error}; {then}")
    if not found:
        return Check(without, subject, f"{none}: {then}")
    names = "; ".join(f"{d.name} ({d.host}){' *' if d.default else ''}" for d in found[:6])
    return Check("OK", subject, names)


def _midi() -> Check:
    try:
        import rtmidi
    except ImportError as error:
        return Check("ERROR", "MIDI", f"python-rtmidi cannot be loaded ({error}): install daw-bridge again")
    apis = [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_RTMIDI_DUMMY]
    if not apis:
        return Check("WARNING", "MIDI", "python-rtmidi was built without any of this system's MIDI")
    seen, answers = [], False
    for api in apis:
        name = rtmidi.get_api_display_name(api)
        try:
            ports = _midi_ports(rtmidi, api)
        except rtmidi.RtMidiError:
            seen.append(f"{name} does not answer")
        else:
            answers = True
            seen.append(f"{name}: {', '.join(ports[:6]) or 'no ports'}")
    if not answers:
        seen.append("needed only to play by controllers")
    else:
        seen.append("no virtual ports" if sys.platform == "win32" else "virtual ports can be made")
    return Check("OK", "MIDI", "; ".join(seen))


def _midi_ports(rtmidi: Any, api: int) -> list[str]:
    """Names of the ports of both directions, each once."""
    names: dict[str, None] = {}
    for make in (rtmidi.MidiIn, rtmidi.MidiOut):
        port = make(api, "daw-bridge doctor")
        names.update(dict.fromkeys(port.get_ports()))
        port.delete()
    return [name for name in names if not name.startswith("daw-bridge doctor")]


def _jack() -> Check:
    if find_spec("jack") is not None:
        try:
            import jack

            client = jack.Client("daw-bridge doctor", no_start_server=True)
        except Exception:
            client = None
        if client is not None:
            text = f"runs at {client.samplerate} Hz, {client.blocksize} frames"
            client.close()
            return Check("OK", "JACK", text)
    if shutil.which("jackd") or shutil.which("pw-jack"):
        return Check("OK", "JACK", "installed, not running (needed only to play into other programs)")
    return Check("OK", "JACK", "not installed (needed only to play into other programs)")


def _port(port: int) -> Check:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return Check("ERROR", "OSC port", in_use_text(port))
    return Check("OK", "OSC port", f"UDP {port} is free")


def _tcp_ports(port: int) -> Check:
    query_port = int(OPTIONS["oscquery"].default)
    try:
        for number, option in ((port, "port"), (query_port, "oscquery")):
            listen("127.0.0.1", number, option).close()
    except PortInUseError as error:
        return Check("WARNING", "TCP ports", str(error))
    return Check("OK", "TCP ports", f"{port} for OSC and {query_port} for OSCQuery are free")


def _processor() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = f"{cores} cores for this program"
    threads = os.environ.get("OMP_NUM_THREADS")
    if cores < 2:
        return Check("WARNING", "processor", f"{text}: music and sound share one; expect dropouts")
    if threads is not None and threads.isdigit() and int(threads) > cores:
        return Check("WARNING", "processor", f"{text}, but OMP_NUM_THREADS={threads}: unset it")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > cores:
        return Check("WARNING", "processor", f"{text}, but its load is {load:.1f}: end other programs")
    return Check("OK", "processor", text)


def _real_time() -> Check:
    if sys.platform != "linux":
        return Check("OK", "real time", "left to the system")
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    if soft == 0 and os.geteuid() != 0:
        return Check(
            "WARNING", "real time", "no real-time priority: join the group 'audio' (limits.d/audio.conf)"
        )
    return Check("OK", "real time", "priority allowed")


def _data_folder(folder: Path) -> Check:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check("ERROR", "data folder", f"{folder} cannot be written: choose another with data=FOLDER")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Check(
            "ERROR", "data folder", f"{folder} cannot be written ({error.strerror}): use data=FOLDER"
        )
    free = shutil.disk_usage(existing).free
    text = f"{folder}, {free / 1e9:.1f} GB free"
    return Check("WARNING" if free < FREE_DISK else "OK", "data folder", text)
