from __future__ import annotations

from daw_bridge.control.midi.binding_reader import read_binding
from daw_bridge.control.midi.bindings import Bindings
from daw_bridge.control.midi.events import Control, Event
from daw_bridge.control.midi.mapping import Binding

KNOB = Event(Control("cc", 70), 1, 64)


def one(**entry: object) -> Binding:
    return read_binding("test", entry)


def meant(bindings: Bindings, port: str, event: Event) -> list[Binding]:
    return [bound.binding for bound in bindings.of(port, event)]


def test_what_was_learned_of_a_control_overrules_the_map_there_and_nowhere_else() -> None:
    bindings = Bindings()
    ordinary = [one(cc=70, to="tempo"), one(cc=70, port="pads", to="crossfade")]
    learned = [one(cc=70, port="pads", channel=1, to="gain")]
    bindings.replace(ordinary, learned)
    assert meant(bindings, "pads", KNOB) == learned
    assert meant(bindings, "pads", KNOB._replace(channel=2)) == ordinary
    assert meant(bindings, "keys", KNOB) == ordinary[:1]
    bindings.replace(ordinary, [])
    assert meant(bindings, "pads", KNOB) == ordinary


def test_bindings_that_stay_go_on_as_they_stand() -> None:
    bindings, pad = Bindings(), one(note=36, toggle=1)
    bindings.replace([pad], [])
    (bound,) = bindings
    bindings.replace([pad], [pad])
    first, second = bindings
    assert first is bound
    assert second is not bound


def test_pairs_are_those_of_a_port_and_a_channel() -> None:
    bindings = Bindings()
    bindings.replace(
        [one(cc14=1, port="pads", channel=2, to="tempo"), one(cc=3, to="gain")],
        [one(cc14=7, port="keys", to="gain")],
    )
    assert bindings.pairs("pads") == {(2, 1)}
    assert bindings.pairs("keys") == {(channel, 7) for channel in range(1, 17)}
    assert bindings.pairs("any") == set()
