"""The text that Prometheus reads, and who may read it."""

import base64
import binascii
import secrets
from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from workflows.metrics import shared_folder
from workflows.metrics.backlog import BacklogCollector
from workflows.metrics.sharing import files_by_process

CONTENT_TYPE = CONTENT_TYPE_LATEST


class ProcessesCollector(Collector):
    """What the processes of this host have counted; a series for each, told apart by the label `process`."""

    def collect(self) -> Iterable[Metric]:
        if shared_folder is None:
            return REGISTRY.collect()
        families: dict[str, Metric] = {}
        for process, files in files_by_process(shared_folder).items():
            try:
                metrics = list(MultiProcessCollector.merge(files))  # type: ignore[no-untyped-call]
            except FileNotFoundError:  # it ended just now
                continue
            for metric in metrics:
                family = families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                family.samples += [
                    sample._replace(labels={**sample.labels, "process": str(process)}) for sample in metric.samples
                ]
        return families.values()


_processes = CollectorRegistry()
_processes.register(ProcessesCollector())
_everything = CollectorRegistry()
_everything.register(ProcessesCollector())
_everything.register(BacklogCollector())


def everything() -> bytes:
    """What this host's processes have counted, and the gauges of the whole deployment."""
    return generate_latest(_everything)


def processes_alone() -> bytes:
    return generate_latest(_processes)


def may_read(authorization: str, token: str) -> bool:
    """Whether a request's `Authorization` header carries the token: as Bearer, or as the password of Basic."""
    scheme, _, given = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            offered = given.strip()
        case "basic":
            try:
                offered = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        case _:
            return False
    return bool(token) and secrets.compare_digest(offered.encode(), token.encode())
