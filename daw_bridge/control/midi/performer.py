"""Performer: what a bound control does when it is moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from daw_bridge.clock.quantum import Quantum
from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.binding_reader import PRESSES
from daw_bridge.control.midi.events import Event
from daw_bridge.control.midi.mapping import (
    Binding,
    LoadPreset,
    MidiSetup,
    PlayScene,
    Send,
    Switch,
    ToggleDeck,
    Turn,
)
from daw_bridge.control.midi.scenes import LivePreset, SceneRunner
from daw_bridge.control.midi.takeover import Handover, relative_steps
from daw_bridge.control.midi.values import OwnValues
from daw_bridge.control.replies import DONE
from daw_bridge.decks.protocol import Result, When
from daw_bridge.errors import BridgeError, ParameterError
from daw_bridge.parameters import Atom, Values

ON = 64
PRESET = "/bridge/preset"
SCENE = "/bridge/scene"


@dataclass(eq=False)
class Bound:
    """A binding at work.

    Attributes:
        learned: whether it was learned, not in the map.
        pressed: whether its note or switch is on. port, channel: where it was moved last.
        last, position: what it set last, and where it stood for that, 0..1: finer than the value may be.
    """

    binding: Binding
    learned: bool = False
    pressed: bool = False
    port: str = ""
    channel: int = 0
    last: Values | None = None
    position: float = 0.0
    handover: Handover = field(init=False)

    def __post_init__(self) -> None:
        action = self.binding.action
        self.handover = Handover(action.takeover if isinstance(action, Turn) else "none")


class Performer:
    """Carries out what events mean.

    Args:
        client: whose doing it is; refusals go to it.
        load_preset: a preset by its name; raises `PresetError`.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        client: Client,
        setup: MidiSetup,
        values: OwnValues,
        scenes: SceneRunner,
        load_preset: Callable[[str], LivePreset],
    ) -> None:
        self._dispatcher = dispatcher
        self._client = client
        self._setup = setup
        self._values = values
        self._scenes = scenes
        self._load_preset = load_preset

    def perform(self, bound: Bound, port: str, event: Event) -> None:
        """Take an event of a binding's control."""
        action = bound.binding.action
        bound.port, bound.channel = port, event.channel
        if isinstance(action, Turn):
            self._turn(bound, action, event)
            return
        note = event.control.kind == "note"
        on = event.control.kind in PRESSES or (event.value > 0 if note else event.position * 127 >= ON)
        before, bound.pressed = bound.pressed, on and event.control.kind not in PRESSES
        if isinstance(action, Switch) and not action.toggles:
            if on != before:
                self._switch(action, on)
        elif on and not before:
            self._press(action)

    def release(self, bound: Bound) -> None:
        """What is held down counts as let go: its controller has gone."""
        action = bound.binding.action
        if bound.pressed and isinstance(action, Switch) and not action.toggles:
            self._switch(action, False)
        bound.pressed = False

    def scene(self, name: str, client: Client | None = None) -> None:
        """Set the values of a scene.

        Args:
            client: who asked for it, by default whoever plays the controls.

        Raises:
            ParameterError: no scene has this name.
        """
        scene = self._setup.scenes.get(name)
        if scene is None:
            raise ParameterError(SCENE, name, f"a scene: {', '.join(self._setup.scenes) or 'there are none'}")
        self._values.flush()
        self._scenes.play(client or self._client, SCENE, scene.values, When(scene.quantum))

    def preset(self, name: str, when: When | None = None, client: Client | None = None) -> None:
        """Set the values of a preset, and let its model take over with them where it names another one.

        Args:
            when: at which line, by default the next one of the launch quantum.
            client: who asked for it, by default whoever plays the controls; it is told when it is done.

        Raises:
            PresetError: there is none of this name, or it cannot be used.
            ModelError, ScheduleError: it cannot be done.
        """
        found, teller = self._load_preset(name), client or self._client
        self._values.flush()
        launch = Quantum.parse(str(self._dispatcher.player.get("/bridge/quantum", None)[0]))

        def done(result: Result) -> None:
            teller.send(DONE[PRESET], name, *result.values[1:])

        self._scenes.play(teller, PRESET, found.values, when or When(launch), found.model, done)

    def position(self, bound: Bound) -> float:
        """Where the value of a binding that turns stands, 0..1."""
        action = bound.binding.action
        assert isinstance(action, Turn)
        values = self._values.get(action.address)
        if values == bound.last:
            return bound.position
        if action.argument >= len(values):
            return 0.0
        value = values[action.argument]
        if not action.choices:
            return action.range.position(float(value))
        if value not in action.choices:
            return 0.0
        return action.choices.index(value) / max(1, len(action.choices) - 1)

    def is_on(self, action: Switch) -> bool:
        """Whether a switch is on."""
        return bool(self._values.get(action.address)[action.argument])

    def _press(self, action: Switch | Send | ToggleDeck | PlayScene | LoadPreset) -> None:
        try:
            if isinstance(action, Switch):
                self._switch(action, not self.is_on(action))
            elif isinstance(action, Send):
                self._values.send(action.address, action.args)
            elif isinstance(action, ToggleDeck):
                self._toggle_deck(action.deck)
            elif isinstance(action, PlayScene):
                self.scene(action.name)
            else:
                self.preset(action.name)
        except BridgeError as error:
            where = PRESET if isinstance(action, LoadPreset) else SCENE
            self._dispatcher.refuse(self._client, where, error)

    def _toggle_deck(self, deck: int) -> None:
        status = self._dispatcher.player.status()
        running = deck <= len(status.decks) and status.decks[deck - 1].state != "stopped"
        self._values.send(f"/bridge/deck/{deck}/{'stop' if running else 'start'}", ())

    def _switch(self, action: Switch, on: bool) -> None:
        values = _replaced(self._values.get(action.address), action.argument, on)
        self._values.set(action.address, values)

    def _turn(self, bound: Bound, action: Turn, event: Event) -> None:
        standing = self.position(bound)
        if action.relative:
            turned = relative_steps(event.value, action.relative) * action.step
            position: float | None = min(max(standing + turned, 0.0), 1.0)
        else:
            position = bound.handover.move(event.position, standing)
        if position is None:
            return
        before = self._values.get(action.address)
        if action.argument >= len(before):
            # a weight of a prompt that there is not
            return
        values = _replaced(before, action.argument, self._value_at(action, position))
        try:
            values = action.address.parameter.coerce(values, action.address.text)
        except ParameterError:
            # a value that the others do not allow, such as the last weight at 0: the control goes on
            return
        bound.last, bound.position = values, position
        if values != before:
            self._values.set(action.address, values)

    def _value_at(self, action: Turn, position: float) -> Atom:
        if action.choices:
            return action.choices[round(position * (len(action.choices) - 1))]
        value = action.range.value(position)
        arg = action.address.parameter.args[action.argument % len(action.address.parameter.args)]
        return round(value) if arg.type == "i" else value


def _replaced(values: Values, argument: int, value: Atom) -> Values:
    return (*values[:argument], value, *values[argument + 1 :])
