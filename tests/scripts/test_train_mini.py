"""The order in which the bundled model is trained, and how a piece of it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "train_mini.sh"


Done = subprocess.CompletedProcess[str]


def train(folder: Path, python: str, *settings: str, **environment: str) -> tuple[Done, list[str]]:
    """Run the script with a stand-in for python; what it was called with is kept."""
    stand_in = folder / "python"
    stand_in.write_text(f'#!/bin/bash\necho "$@" >>{folder}/calls\n{python}\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        [str(SCRIPT), "loop.minutes=5", *settings],
        env={"PATH": os.environ["PATH"], "BIN": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    calls = folder / "calls"
    return done, calls.read_text().splitlines() if calls.exists() else []


def test_an_estimate_comes_first_and_a_model_folder_last(tmp_path: Path) -> None:
    done, calls = train(tmp_path, "exit 0", PIECES="40")
    assert done.returncode == 0, done.stderr
    modules = [call.split()[1].removeprefix("genmodels.training.") for call in calls]
    assert modules == [
        "estimate", "corpus", "corpus", "train_codec", "encode", "encode", "train_text", "train_lm", "export",
    ]  # fmt: skip
    assert "--items 160" in calls[0]
    assert [call.endswith("loop.minutes=5") for call in calls] == [
        module in ("estimate", "train_codec", "train_text", "train_lm") for module in modules
    ]


def test_settings_of_the_two_models_do_not_reach_the_words(tmp_path: Path) -> None:
    _, calls = train(tmp_path, "exit 0", "batch=2", "device=cpu")
    assert calls[3].endswith("train_codec loop.minutes=5 batch=2 device=cpu")
    assert calls[6].endswith("train_text loop.minutes=5 device=cpu")


def test_a_piece_that_is_over_interrupts_the_step_and_says_so(tmp_path: Path) -> None:
    waits = f"""[[ "$2" == *train_codec ]] || exit 0
trap 'echo saved >>{tmp_path}/calls; exit 130' INT
for _ in $(seq 300); do sleep 0.1; done"""
    # a stand-in for date makes the minute short: the second look at the clock is 58 seconds later
    date = tmp_path / "date"
    looked = tmp_path / "looked"
    date.write_text(f"#!/bin/bash\n[ -e {looked} ] && echo 1058 && exit\ntouch {looked}\necho 1000\n")
    date.chmod(0o755)
    done, calls = train(tmp_path, waits, PIECE_MINUTES="1", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 75, done.stderr
    assert calls[-1] == "saved"
    assert "the next call goes on" in done.stdout


def test_a_step_that_fails_ends_it_with_its_own_code(tmp_path: Path) -> None:
    done, calls = train(tmp_path, "exit 3", PIECE_MINUTES="1")
    assert done.returncode == 3
    assert len(calls) == 1


def test_without_time_nothing_is_begun(tmp_path: Path) -> None:
    done, calls = train(tmp_path, "exit 0", PIECE_MINUTES="0")
    assert (done.returncode, calls) == (75, [])
