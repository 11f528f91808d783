from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from daw_bridge import __version__, cli
from daw_bridge.control.port import bind
from daw_bridge.decks.protocol import Progress, RenderRequest
from daw_bridge.doctor import checks
from daw_bridge.errors import ModelError

ROOT = Path(__file__).parents[2]


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["daw-bridge", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_help_and_version_need_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'omegaconf', 'sounddevice', 'transformers', 'asyncio'}"
    program = f"import sys, daw_bridge.cli; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert __version__ in capsys.readouterr().out


def test_presets_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "presets") == 0
    assert "techno" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["serve", "tempo=1000"], 2, "40..240"),
        (["serve", "--preset", "nowhere"], 2, "lofi"),
        (["serve", "host=0.0.0.0", "port=0"], 2, "allow="),
        (["render", "piano", "--bars", "0"], 2, "1..256"),
        (["render", "piano", "--meter", "5"], 2, "--meter"),
        (["render", "piano", "--sample-rate", "-5"], 2, "--sample-rate"),
        (["serve", "deck.1.prompt=\udcff"], 2, "prompt"),
        (["nothing"], 2, "nothing"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_reason(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    said: str,
) -> None:
    assert run(monkeypatch, *words) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_a_port_in_use_exits_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        assert run(monkeypatch, "serve", "--port", str(port)) == 3
    assert str(port) in capsys.readouterr().err


def fake_render(monkeypatch: pytest.MonkeyPatch, requests: list[RenderRequest]) -> None:
    def render_clip(request: RenderRequest, progress: Progress) -> Path:
        if request.model == "absent":
            raise ModelError("model absent: no such file")
        requests.append(request)
        progress(1.0)
        return request.out

    module = types.ModuleType("daw_bridge.decks.render")
    module.render_clip = render_clip  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "daw_bridge.decks.render", module)


def test_render_asks_for_what_was_said_and_prints_the_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    requests: list[RenderRequest] = []
    fake_render(monkeypatch, requests)
    out = tmp_path / "new" / "clip.wav"
    words = [
        "--bars",
        "4",
        "--tempo",
        "92",
        "--meter",
        "3",
        "--key",
        "A minor",
        "--seed",
        "7",
        "--precision",
        "int8",
        "--out",
        str(out),
    ]
    assert run(monkeypatch, "render", "piano", *words) == 0
    (request,) = requests
    assert (request.prompts, request.bars, request.tempo) == ((("piano", 1.0),), 4, 92.0)
    assert (request.beats_per_bar, request.key, request.seed, request.out) == (3, "A minor", 7, out)
    assert (request.compute, request.precision) == ("auto", "int8")
    assert str(out) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [("--precision", "int4", "'int8' or 'native'"), ("--compute", "tpu", "'cuda'")],
)
def test_render_refuses_what_cannot_be_and_says_what_can(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    option: str,
    value: str,
    allowed: str,
) -> None:
    requests: list[RenderRequest] = []
    fake_render(monkeypatch, requests)
    assert run(monkeypatch, "render", "piano", option, value, "--out", str(tmp_path / "clip.wav")) == 2
    error = capsys.readouterr().err
    assert option in error
    assert allowed in error
    assert not requests


def test_a_folder_that_cannot_be_made_is_one_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fake_render(monkeypatch, [])
    (tmp_path / "file").touch()
    assert run(monkeypatch, "render", "piano", "--out", str(tmp_path / "file" / "a.wav")) == 1
    assert "cannot be made" in capsys.readouterr().err


def test_a_model_that_cannot_be_loaded_exits_with_4(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_render(monkeypatch, [])
    assert run(monkeypatch, "render", "piano", "--model", "absent", "--out", str(tmp_path / "a.wav")) == 4


def test_doctor_says_a_line_about_everything_and_never_fails_itself() -> None:
    with bind("127.0.0.1", 0) as sock:
        found = {check.subject: check for check in checks(sock.getsockname()[1], "/no/such/model")}
    assert found["python"].level == "OK"
    assert found["OSC port"].level == "ERROR"
    assert found["model"].level in ("WARNING", "ERROR")
    assert {
        "torch",
        "sound library",
        "sound devices",
        "sound inputs",
        "JACK",
        "MIDI",
        "processor",
        "data folder",
    } <= set(found)
    assert all(
        "\n" not in check.text and "could not be checked" not in check.text for check in found.values()
    )


def test_doctor_knows_whether_a_precision_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    from genmodels.lm import native_build

    monkeypatch.setattr(native_build, "load_library", lambda path: None)

    def level(precision: str) -> str:
        found = {check.subject: check for check in checks(0, "mini", precision)}
        return found["fast decoder"].level

    levels = [level(word) for word in ("auto", "native", "int8", "fp64")]
    assert levels == ["WARNING", "ERROR", "OK", "ERROR"]


def test_the_osc_reference_is_up_to_date() -> None:
    command = [sys.executable, "scripts/generate_docs.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
