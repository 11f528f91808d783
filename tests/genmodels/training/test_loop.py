"""The training loop: a killed and resumed training equals an uninterrupted one; budgets end it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genmodels.errors import ConfigError
from genmodels.training import interrupt, loop
from genmodels.training.loop import Trainer
from genmodels.training.schedule import LoopConfig, LoopState, learning_rate, spent


def make(folder: Path, steps: int, width: int = 3, **settings: Any) -> Trainer:
    torch.manual_seed(0)
    model = nn.Linear(width, 1)

    def step(n: int) -> tuple[Tensor, dict[str, float]]:
        x = torch.randn(16, width, generator=torch.Generator().manual_seed(n))
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        return loss, {"loss": loss.item()}

    def validate() -> dict[str, float]:
        return {"error": float((model.weight - 1).abs().max())}

    rates: dict[str, Any] = {"lr": 0.1, "warmup": 1, "lr_floor": 1.0, **settings}
    config = LoopConfig(steps=steps, valid_every=20, log_every=5, ema=0.9, **rates)
    optimizer = torch.optim.Adam(model.parameters())
    return Trainer(model, optimizer, step, validate, config, folder)


def test_training_learns_and_keeps_a_history(tmp_path: Path) -> None:
    trainer = make(tmp_path, 120)
    assert trainer.run()["error"] < 0.1
    entries = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    losses = [entry["loss"] for entry in entries if "loss" in entry]
    assert losses[-1] < 0.01 * losses[0]
    assert "valid_error" in entries[-1]


def test_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole", 40)
    whole.run()
    first = make(tmp_path / "parts", 40)
    first.config.steps = 23
    first.config.lr_floor = 1.0
    first.run()
    second = make(tmp_path / "parts", 40)
    assert second.resume()
    assert second.state.step == 23
    second.run()
    for a, b in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_ctrl_c_ends_a_training_after_its_step_and_nothing_is_lost(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole", 40)
    whole.run()
    first = make(tmp_path / "parts", 40)
    usual = first.step_fn

    def step(n: int) -> tuple[Tensor, dict[str, float]]:
        if n == 22:
            os.kill(os.getpid(), signal.SIGINT)
        return usual(n)

    first.step_fn = step
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        first.run()
    assert signal.getsignal(signal.SIGINT) is before
    second = make(tmp_path / "parts", 40)
    assert second.resume()
    assert second.state.step == 23
    second.run()
    for a, b in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_second_ctrl_c_does_not_wait_for_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make(tmp_path, 40)

    def step(n: int) -> tuple[Tensor, dict[str, float]]:
        os.kill(os.getpid(), signal.SIGINT)
        monkeypatch.setattr(interrupt, "TOGETHER_S", 0.0)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the step went on")

    trainer.step_fn = step
    with pytest.raises(KeyboardInterrupt):
        trainer.run()


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert not make(tmp_path, 5).resume()


def test_checkpoint_of_another_model_is_refused_by_name(tmp_path: Path) -> None:
    make(tmp_path, 3).run()
    with pytest.raises(ConfigError, match=r"checkpoint\.pt"):
        make(tmp_path, 3, width=5).resume()


def test_validation_sees_averaged_weights_and_training_goes_on_with_its_own(tmp_path: Path) -> None:
    trainer = make(tmp_path, 10)
    trainer.run()
    own = trainer.model.weight.detach().clone()  # type: ignore[operator]
    with trainer.averaged():
        assert not torch.equal(trainer.model.weight, own)  # type: ignore[arg-type]
    assert torch.equal(trainer.model.weight, own)  # type: ignore[arg-type]


def test_learning_rate_warms_up_and_falls_to_its_floor() -> None:
    config = LoopConfig(steps=1000, lr=1.0, warmup=10, lr_floor=0.1)
    rates = [learning_rate(config, LoopState(step=n)) for n in (0, 9, 500, 1000)]
    assert rates[0] == pytest.approx(0.1, rel=1e-2)
    assert rates[1] == pytest.approx(1.0, rel=1e-2)
    assert rates[2] == pytest.approx(0.55, rel=1e-2)
    assert rates[3] == pytest.approx(0.1)


def test_budget_ends_with_whichever_of_steps_and_minutes_is_spent_first() -> None:
    config = LoopConfig(steps=100, minutes=2)
    assert spent(config, LoopState(step=10, seconds=60)) == pytest.approx(0.5)
    assert spent(config, LoopState(step=90, seconds=60)) == pytest.approx(0.9)
    assert spent(config, LoopState(step=1, seconds=500)) == 1.0


def test_a_trapezoid_stays_at_its_peak_and_falls_at_the_end() -> None:
    config = LoopConfig(steps=1000, lr=1.0, warmup=10, lr_floor=0.1, schedule="trapezoid", decay=0.2)
    rates = [learning_rate(config, LoopState(step=n)) for n in (9, 500, 800, 900, 1000)]
    assert rates == pytest.approx([1.0, 1.0, 1.0, 0.55, 0.1])


def test_a_finished_trapezoid_with_a_raised_budget_equals_one_that_never_fell(tmp_path: Path) -> None:
    falling: dict[str, Any] = {"schedule": "trapezoid", "decay": 0.5, "lr_floor": 0.0}
    make(tmp_path / "parts", 40, **falling).run()
    taken_up = make(tmp_path / "parts", 80, **falling)
    assert taken_up.resume()
    assert taken_up.state.step == 21
    taken_up.run()
    whole = make(tmp_path / "whole", 80, **falling)
    whole.run()
    for a, b in zip(whole.model.parameters(), taken_up.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_trapezoid_goes_on_from_before_its_fall_however_little_more_it_gets(
    tmp_path: Path,
) -> None:
    falling: dict[str, Any] = {"schedule": "trapezoid", "decay": 0.5}
    make(tmp_path, 40, **falling).run()
    taken_up = make(tmp_path, 41, **falling)
    assert taken_up.resume()
    assert taken_up.state.step == 21


def test_a_falling_trapezoid_goes_on_falling_after_a_kill(tmp_path: Path) -> None:
    falling: dict[str, Any] = {"schedule": "trapezoid", "decay": 0.5, "lr_floor": 0.0}
    whole = make(tmp_path / "whole", 40, **falling)
    whole.run()
    killed = make(tmp_path / "parts", 40, **falling)

    step = killed.step_fn

    def kill(n: int) -> tuple[Tensor, dict[str, float]]:
        if n == 30:
            killed.save()
            raise KeyboardInterrupt
        return step(n)

    killed.step_fn = kill
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    taken_up = make(tmp_path / "parts", 40, **falling)
    assert taken_up.resume()
    assert taken_up.state.step == 30
    taken_up.run()
    for a, b in zip(whole.model.parameters(), taken_up.model.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_an_unknown_schedule_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"loop\.schedule: 'steps' is not one of cosine, trapezoid"):
        make(tmp_path, 3, schedule="steps")


def test_an_interrupt_that_comes_twice_at_once_counts_once_and_a_later_one_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(interrupt.time, "monotonic", lambda: now[0])
    with interrupt.interrupt_noted() as noted:
        assert not noted()
        signal.raise_signal(signal.SIGINT)
        now[0] += 0.01
        signal.raise_signal(signal.SIGINT)
        assert noted()
        now[0] += 2.0
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_history_that_cannot_be_written_in_full_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.jsonl"
    loop.write_atomic("whole", path)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.os, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        loop.write_atomic("other", path)
    assert path.read_text() == "whole"
