"""The whole embedded group, as `make run` starts it, in a data folder and on ports of its own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg

from deploy.embedded.layout import Layout, read_layout
from deploy.embedded.processes import Stack


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        opened = [sockets.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in opened:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in opened]


@contextmanager
def own_database() -> Iterator[None]:
    """With DATABASE_URL naming PostgreSQL: a database of this group's own there, dropped afterwards."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield
        return
    name = f"isthmus_stack_{os.getpid()}"
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
        os.environ["DATABASE_URL"] = given.rpartition("/")[0] + f"/{name}"
        try:
            yield
        finally:
            os.environ["DATABASE_URL"] = given
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def environment_of(data_dir: Path) -> dict[str, str]:
    """The variables of a group in `data_dir`, on free ports."""
    port, sandbox_port, acme_port = _free_ports(3)
    return {
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "ACME_PORT": str(acme_port),
        "CELERY_QUEUE": f"stack-{os.getpid()}",
    }


@contextmanager
def running_stack(data_dir: Path) -> Iterator[Layout]:
    """Start everything; gives where it is. It is stopped with the block."""
    wanted = environment_of(data_dir)
    kept = {name: os.environ.get(name) for name in [*wanted, "SALESFORCE_LOGIN_URL", "BASE_URL"]}
    os.environ.update(wanted)
    for name in ("SALESFORCE_LOGIN_URL", "BASE_URL"):
        os.environ.pop(name, None)
    try:
        with own_database():
            layout = read_layout()
            stack = Stack(layout)
            try:
                stack.start()
                yield layout
            finally:
                stack.stop()
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def give_to_acme(layout: Layout, *, project_id: str, private_key: Path) -> None:
    """What the tutorial's reader does by hand: put the downloaded key and the project's id where Acme reads them."""
    layout.signing_key_file.write_text(private_key.read_text())
    (layout.data_dir / "acme" / "settings.json").write_text(json.dumps({"project_id": project_id}))
