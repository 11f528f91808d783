"""The witness of the fuzz: what was accepted for later may come, anything else has strayed."""

from __future__ import annotations

from typing import Any

from benchmarks.soak.witness import Witness
from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.protocol import When
from daw_bridge.parameters import AddressTable

GAIN = "/bridge/gain"


class Player:
    """Values that tests set behind the witness's back; messages change nothing by themselves."""

    deck_count = 1

    def __init__(self) -> None:
        table = AddressTable(1)
        self.values: dict[tuple[str, int | None], tuple[Any, ...]] = {
            (each.parameter.path, each.deck): () for each in table
        }

    def get(self, path: str, deck: int | None) -> tuple[Any, ...]:
        return self.values[path, deck]

    def set(
        self, path: str, deck: int | None, values: tuple[Any, ...], when: When, on_result: object
    ) -> None:
        if when == When():
            self.values[path, deck] = values


def test_a_value_that_nobody_asked_for_has_strayed() -> None:
    player = Player()
    witness = Witness(player)  # type: ignore[arg-type]
    witness.set(GAIN, None, (-3.0,), When())
    assert witness.strayed() == []
    player.values[GAIN, None] = (-4.0,)
    assert witness.strayed() == [f"{GAIN} of deck None became (-4.0,), after (-3.0,)"]


def test_what_was_accepted_for_later_may_come_also_where_it_held_when_it_was_asked_for() -> None:
    player = Player()
    witness = Witness(player)  # type: ignore[arg-type]
    witness.set(GAIN, None, (-3.0,), When())
    witness.set(GAIN, None, (-3.0,), When(Quantum.parse("1M")))
    witness.set(GAIN, None, (-6.0,), When())
    player.values[GAIN, None] = (-3.0,)
    assert witness.strayed() == []


def test_a_prompt_for_later_may_come_as_the_mix_of_one_that_it_is() -> None:
    player = Player()
    witness = Witness(player)  # type: ignore[arg-type]
    witness.set("/bridge/deck/{deck}/prompt", 1, ("220",), When(Quantum.parse("1M")))
    player.values["/bridge/deck/{deck}/prompts", 1] = ("220", 1.0)
    assert witness.strayed() == []
