"""What is set, as a control sees it: the player's values, and those that are on their way to it."""

from __future__ import annotations

from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.parameters import Address, Values


class OwnValues:
    """Values that MIDI has set, gathered so that of many for one address the last goes.

    Args:
        client: who sets them.
    """

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._client = client
        self._pending: dict[str, Values] = {}
        self._sent: dict[str, Values] = {}

    def get(self, address: Address) -> Values:
        """The values of an address, the newest that are known."""
        for newer in (self._pending, self._sent):
            if address.text in newer:
                return newer[address.text]
        return self._dispatcher.player.get(address.parameter.path, address.deck)

    def set(self, address: Address, values: Values) -> None:
        """Set values, with the next `flush`."""
        self._pending[address.text] = values

    def send(self, address: str, args: Values) -> None:
        """Send a message, after all that was set before it."""
        self.flush()
        self._dispatcher.submit(self._client, address, args)

    def flush(self) -> None:
        """Set what has been gathered."""
        pending, self._pending = self._pending, {}
        self._sent.update(pending)
        for address, values in pending.items():
            self._dispatcher.submit(self._client, address, values)

    def superseded(self, address: str) -> None:
        """Somebody else has set an address, perhaps in place of what was on its way."""
        self._sent.pop(address, None)

    def answered(self, address: str, refused: bool = False) -> None:
        """The newest values of an address were acknowledged, or some refused: the player knows best again."""
        target = self._dispatcher.table.by_text.get(address)
        if target is not None and target.parameter.kind == "value" and address in self._sent:
            held = self._dispatcher.player.get(target.parameter.path, target.deck)
            if refused or held == self._sent[address]:
                del self._sent[address]
