"""The embedded default's broker: Kombu's transport over files, with writing and taking as one step each.

Kombu writes a message in place, so that a worker which polls may take it while it is still empty, and ends. Here a file is
written aside and renamed when it is whole, and a message belongs to whoever renames it first.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger("isthmus.broker")


class Channel(filesystem.Channel):
    """A connection's channel. Its folders are `data_folder_in` (and out, the same), `processed_folder`, `control_folder`."""

    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        _write(Path(self.data_folder_out) / f"{time_ns()}_{uuid4()}.{queue}.msg", payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The oldest message of the queue. Raises Empty."""
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.processed_folder) / name
            try:
                (folder / name).rename(taken)
                text = taken.read_text()
                taken.unlink()
            except FileNotFoundError:
                continue  # another worker was first
            try:
                return loads(text)
            except json.JSONDecodeError:
                log.warning("broker.unreadable_message", extra={"file": name})
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        try:
            return list(super().get_table(exchange))
        except json.JSONDecodeError:
            return []  # cut off by a power failure; the next declaration writes it anew

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._one_at_a_time():
            table = self.get_table(exchange)
            if bound not in table:
                path: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]  # newer than its types
                _write(path, [bound, *table])

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    Channel = Channel


def _write(path: Path, value: Any) -> None:
    """Put a whole file in place; its draft's name is no queue's and no exchange's."""
    draft = path.with_name(f".{path.name}.{uuid4()}")
    draft.write_text(dumps(value))
    draft.rename(path)


def register() -> None:
    """Let `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
