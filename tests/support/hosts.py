"""Hosts of the tests' own: network namespaces of this machine, each behind a cable that can be pulled out.

All cables end in one switch. A host meets nobody there but this machine, at `network.address`, where what was forwarded is
the same port of 127.0.0.1. Its traffic never leaves the machine. Source of the addresses: RFC 2544, appendix C.2.2, which
sets them apart for tests of networks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import pytest

from tests.support.forwarding import Forwarder


@dataclass(frozen=True)
class Host:
    """A namespace. Commands that begin with `prefix` run on it."""

    name: str

    @property
    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    @property
    def cable(self) -> str:
        """This machine's end of it."""
        return f"{self.name}-c"


@dataclass
class Network:
    """The switch and what hangs on it."""

    switch: str
    prefix: str
    hosts: list[Host] = field(default_factory=list)
    _ways: list[Forwarder] = field(default_factory=list)

    @property
    def address(self) -> str:
        """This machine's, as the hosts reach it."""
        return f"{self.prefix}.1"

    def add_host(self) -> Host:
        number = len(self.hosts) + 2
        host = Host(f"{self.switch}{number}")
        self.hosts.append(host)
        _ip("netns", "add", host.name)
        _ip("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        _ip("link", "set", host.cable, "master", self.switch, "up")
        _ip("-n", host.name, "addr", "add", f"{self.prefix}.{number}/24", "dev", "eth0")
        _ip("-n", host.name, "link", "set", "eth0", "up")
        _ip("-n", host.name, "link", "set", "lo", "up")
        return host

    def pull_out(self, host: Host) -> None:
        """From now on nothing comes or goes, and neither side is told."""
        _ip("link", "set", host.cable, "nomaster")

    def plug_in(self, host: Host) -> None:
        _ip("link", "set", host.cable, "master", self.switch)

    def forward(self, port: int) -> None:
        """Have the hosts reach this machine's 127.0.0.1:port by `address`, at the same port."""
        self._ways.append(Forwarder(port, self.address, port))

    def close(self) -> None:
        for host in self.hosts:
            _ip("link", "del", host.cable, is_sure=False)
            _ip("netns", "del", host.name, is_sure=False)
        for way in self._ways:
            way.close()


@contextmanager
def a_network() -> Iterator[Network]:
    """A switch without hosts, gone with the block. Skips the test where this user may make none, but not in CI."""
    if reason := _missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    network = Network(f"isth{os.getpid() % 10_000}", f"198.18.{os.getpid() % 250}")
    _ip("link", "add", network.switch, "type", "bridge")
    try:
        _ip("addr", "add", f"{network.address}/24", "dev", network.switch)
        _ip("link", "set", network.switch, "up")
        yield network
    finally:
        network.close()
        _ip("link", "del", network.switch, is_sure=False)


@cache
def _missing() -> str:
    """Why there can be no hosts here; "" where there can."""
    if not shutil.which("ip"):
        return "iproute2 is missing: as root, apt-get install iproute2"
    probe = f"isth{os.getpid() % 10_000}p"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"This user may make no network namespaces: {made.stderr.strip()}"
    _ip("netns", "del", probe)
    return ""


def _ip(*arguments: str, is_sure: bool = True) -> None:
    """`is_sure`: else what was only half made is ended as far as it goes."""
    subprocess.run(["ip", *arguments], check=is_sure)
