"""Listening: the command that opens a sound input, and what becomes of what it hears."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.decks.protocol import Notice
from daw_bridge.errors import DeviceError
from daw_bridge.melody.desk import MelodyDesk
from daw_bridge.melody.ear import Ear
from daw_bridge.melody.ear_process import Deaf, EarEvent, Listening
from daw_bridge.melody.live_chroma import ChromaFrame, Gate
from daw_bridge.melody.parameters import GATE, INPUT
from daw_bridge.parameter import Values

MakeEar = Callable[[Callable[[EarEvent], None]], Ear]


class SoundListener:
    """Opens and closes a sound input and passes what it hears on to the melody. For the event loop's thread.

    Args:
        notify: takes what people should know.
        device, channel: the input where a command names none; see `SoundInput`.
        make_ear: builds what listens.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        melody: MelodyDesk,
        notify: Callable[[Notice], None],
        device: str = "",
        channel: int = 1,
        make_ear: MakeEar = Ear,
    ) -> None:
        self._dispatcher = dispatcher
        self._melody = melody
        self._notify = notify
        self._device = device
        self._channel = channel
        self._make_ear = make_ear
        self._ear: Ear | None = None
        self._ended: list[Ear] = []
        self._gate = Gate()
        self._asked: Client | None = None
        self._open = False
        self._missing = False

    @property
    def on(self) -> bool:
        """Whether an input is open now."""
        return self._open

    def start(self) -> None:
        """Open the input of the options, if there is one, or begin to look for it."""
        if self._device:
            self._listen(self._device, self._channel)

    def carry_out(self, client: Client, values: Values) -> None:
        """``/bridge/melody/input on [device] [channel]``; acknowledged when the input is open, refused when
        it cannot be."""
        on, device, channel = values
        self.stop()
        if on:
            self._listen(str(device) or self._device, int(channel) or self._channel)
            self._asked = client
        else:
            self._acknowledge(client)

    def stop(self) -> None:
        """Close the input."""
        ear, self._ear, self._asked, self._open = self._ear, None, None, False
        if ear is not None:
            ear.stop()
            self._ended.append(ear)
            self._melody.deafen()

    def close(self) -> None:
        """Close the input, and wait for it."""
        self.stop()
        for ear in self._ended:
            ear.join()

    def _listen(self, device: str, channel: int) -> None:
        self._ended = [ear for ear in self._ended if ear.running]
        self._gate, self._missing = Gate(), False
        ear = self._make_ear(lambda event: self._heard(ear, event))
        self._ear = ear
        ear.start(device, channel)

    def _heard(self, ear: Ear, event: EarEvent) -> None:
        if ear is not self._ear:
            return
        if isinstance(event, Listening):
            self._opened(event)
        elif isinstance(event, Deaf):
            self._deaf(event)
        else:
            self._hear(event)

    def _opened(self, event: Listening) -> None:
        self._open, self._missing = True, False
        client, self._asked = self._asked, None
        if client is not None:
            self._acknowledge(client)
        late = f", {1000.0 * event.latency_s:.0f} ms behind" if event.latency_s else ""
        self._notify(Notice("info", f"listening to {event.name}{late}"))

    def _deaf(self, event: Deaf) -> None:
        client = self._asked
        if client is not None:
            self.stop()
            self._dispatcher.refuse(client, INPUT, DeviceError(event.reason))
            return
        if self._open or not self._missing:
            self._notify(Notice("warning", f"{event.reason}: it is looked for"))
        self._open, self._missing = False, True
        self._melody.deafen()

    def _hear(self, frames: tuple[ChromaFrame, ...]) -> None:
        level = float(self._dispatcher.player.get(GATE, None)[0])
        self._melody.hear([self._gate.pass_through(frame, level) for frame in frames])

    def _acknowledge(self, client: Client) -> None:
        status = self._dispatcher.player.status()
        client.send("/bridge/ack", INPUT, status.beats, 0.0, status.bar)
