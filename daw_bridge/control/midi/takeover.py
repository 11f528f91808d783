"""How a control takes a value over: absolute controls that stand elsewhere, and relative ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Takeover = Literal["none", "pickup", "scale"]
TAKEOVERS: tuple[Takeover, ...] = ("none", "pickup", "scale")
NEAR = 1.5 / 127
SAME = 1e-6


def relative_steps(raw: int, encoding: str) -> int:
    """Steps that an encoder says it was turned.

    Args:
        raw: 0..127. encoding: one of `ENCODINGS`.
    """
    if encoding == "twos-complement":
        return raw - 128 if raw >= 64 else raw
    if encoding == "binary-offset":
        return raw - 64
    size = raw & 0x3F
    down = bool(raw & 0x40) != (encoding == "sign-magnitude-inverted")
    return -size if down else size


ENCODINGS = ("twos-complement", "binary-offset", "sign-magnitude", "sign-magnitude-inverted")


@dataclass
class Handover:
    """Where an absolute control stands, and whether it has the value in its hand.

    With ``none`` the value jumps to the control. With ``pickup`` it stays until the control reaches or
    crosses it. With ``scale`` it moves the way the control moves, faster or slower, so that both reach the
    ends together.
    """

    takeover: Takeover = "none"
    _control: float | None = None
    _value: float | None = None

    def move(self, control: float, value: float) -> float | None:
        """The new position of the value, or None where it stays.

        Args:
            control: where the control stands now, 0..1.
            value: where the value is now, 0..1.
        """
        before, self._control = self._control, control
        if self.takeover == "none":
            moved: float | None = control
        elif self.takeover == "pickup":
            moved = self._pick_up(before, control, value)
        else:
            moved = _scaled(before, control, value)
        self._value = moved
        return moved

    def _pick_up(self, before: float | None, control: float, value: float) -> float | None:
        in_hand = self._value is not None and abs(value - self._value) <= NEAR
        crossed = before is not None and (before - value) * (control - value) <= 0
        return control if in_hand or crossed or abs(control - value) <= NEAR else None


def _scaled(before: float | None, control: float, value: float) -> float | None:
    if control <= 0.0 or control >= 1.0:
        return control
    if before is None:
        return control if abs(control - value) <= NEAR else None
    if abs(before - value) <= SAME:
        return control
    if control > before:
        return value + (control - before) * (1.0 - value) / (1.0 - before)
    if control < before:
        return value - (before - control) * value / before
    return None
