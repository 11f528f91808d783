"""Scenes: stretches of an item in which the same instruments play, so that one caption is true throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genmodels.training.corpus.instruments import Family, family_of
from genmodels.training.corpus.piece import PROMINENCE, Piece, Role, Texture, Track


@dataclass(frozen=True)
class Scene:
    """Seconds [start_s, end_s) of an item in which `roles` of `piece` play; `sections` are the names of the
    piece's sections there."""

    piece: Piece
    roles: tuple[Role, ...]
    sections: tuple[str, ...]
    start_s: float
    end_s: float

    @property
    def tracks(self) -> tuple[Track, ...]:
        """What sounds, the most prominent first."""
        by_role = {track.role: track for track in self.piece.tracks}
        return tuple(by_role[role] for role in PROMINENCE if role in self.roles)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Names of what sounds, each once, the most prominent first."""
        return tuple(dict.fromkeys(track.instrument for track in self.tracks))

    @property
    def has_drums(self) -> bool:
        """Whether drums play."""
        return "drums" in self.roles

    @property
    def lead_family(self) -> Family:
        """The family of the most prominent instrument."""
        return family_of(self.instruments[0])

    @property
    def texture(self) -> Texture:
        """What kind of ensemble plays."""
        if self.has_drums:
            if set(self.roles) <= {"drums", "bass"}:
                return "drums only" if len(self.roles) == 1 else "bass and drums"
            return "full"
        if len(self.instruments) > 2:
            return "no drums"
        return "duo" if len(self.instruments) == 2 else "solo"


def scenes(pieces: Sequence[Piece]) -> list[Scene]:
    """The scenes of pieces that follow each other; silent sections belong to the scene before."""
    found: list[Scene] = []
    offset = 0.0
    for piece in pieces:
        own: list[Scene] = []
        for section in piece.sections:
            start, end = (offset + bar * piece.bar_s for bar in (section.start_bar, section.end_bar))
            if own and (section.roles == own[-1].roles or not section.roles):
                last = own.pop()
                own.append(Scene(piece, last.roles, (*last.sections, section.name), last.start_s, end))
            elif section.roles:
                own.append(Scene(piece, section.roles, (section.name,), start, end))
        found += own
        offset += piece.duration_s
    return found
