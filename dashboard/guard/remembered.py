"""What is remembered of many clients, however many there are."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")
Other = TypeVar("Other")

_MOST = 10_000


class Remembered(Generic[Value]):
    """One value of each client; who has not been seen for longest is forgotten first.

    Args:
        most: Clients that are remembered at most.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()

    def get(self, client: str, otherwise: Other) -> Value | Other:
        """Return what is remembered of a client, or something else where nothing is."""
        return self._values.get(client, otherwise)

    def set(self, client: str, value: Value) -> Value:
        """Remember a value of a client that has just been seen, and return it."""
        self._values[client] = value
        self._values.move_to_end(client)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def forget(self, client: str) -> None:
        """Remember nothing of a client any more."""
        self._values.pop(client, None)

    def __len__(self) -> int:
        return len(self._values)
