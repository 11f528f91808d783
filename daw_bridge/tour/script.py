"""What is played on a tour, and when."""

from __future__ import annotations

from dataclasses import dataclass

from daw_bridge.tour.link import Value

Message = tuple[str, tuple[Value, ...]]

DECK = "/bridge/deck/1"
MELODY = (
    "16 E4@0+1 G4@1+1 A4@2+1.5 G4@3.5+.5 E4@4+1 D4@5+1 C4@6+2 "
    "A3@8+1 C4@9+1 D4@10+1.5 E4@11.5+.5 G4@12+1 D4@13+1 E4@14+2"
)


@dataclass(frozen=True)
class Cue:
    """A moment of the script, heard from a bar line on.

    Attributes:
        at: its share of the whole length. tempo: BPM from then on.
        prompts: texts and weights.
        label: for people.
        melody: the phrase that is followed from then on; empty is none.
    """

    at: float
    tempo: float
    prompts: tuple[str | float, ...]
    label: str = ""
    melody: str = ""

    @property
    def name(self) -> str:
        """The label, or the prompt."""
        return self.label or str(self.prompts[0])

    def messages(self, before: Cue | None) -> list[Message]:
        """What is sent: what differs from the cue before."""
        sent: list[Message] = []
        if before is None or before.tempo != self.tempo:
            sent.append(("/bridge/tempo", (self.tempo,)))
        if self.melody != (before.melody if before else ""):
            sent.append((f"{DECK}/phrase", (self.melody,)))
        return [*sent, (f"{DECK}/prompts", self.prompts)]


SCRIPT = (
    Cue(0.0, 84.0, ("lo-fi hip hop with electric piano, 84 bpm", 1.0)),
    Cue(0.18, 84.0, ("drums only, lo-fi hip hop, 84 bpm", 1.0)),
    Cue(0.34, 84.0, ("solo piano, calm, 84 bpm", 1.0), "solo piano, calm, follows a melody", MELODY),
    Cue(
        0.6, 126.0, ("techno with synth lead and drums, 126 bpm", 1.0),
        "techno with synth lead and drums, 126 bpm, the same melody", MELODY,
    ),
    Cue(
        0.82, 126.0, ("techno, 126 bpm", 0.5, "orchestral strings, 126 bpm", 0.5),
        "half techno, half orchestral strings, no melody",
    ),
)  # fmt: skip
