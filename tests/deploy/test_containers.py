"""Image, compose file and Kubernetes manifests hold to their schemas, and to what the product reads and answers."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from django.test import Client
from prometheus_client import CollectorRegistry

from deploy.embedded.layout import read_layout
from deploy.embedded.processes import STOP_SECONDS
from tests.docs.pages import blocks
from tests.support.processes import ROOT
from workflows.metrics.backlog import BacklogCollector

BIN = Path(sys.executable).parent
DEPLOY = ROOT / "deploy"
DEPLOY_PAGE = ROOT / "docs" / "deploy.md"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OBJECTS = [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SETTINGS = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))
OWN_SERVICES = ("migrate", "web", "worker")


def lint(*command):
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def of_kind(kind):
    return [each for each in OBJECTS if each["kind"] == kind]


def pods():
    return [each for each in OBJECTS if each["kind"] in ("Deployment", "Job")]


def container_of(workload):
    [container] = workload["spec"]["template"]["spec"]["containers"]
    return container


def id_of(each):
    return f"{each['kind']}-{each['metadata']['name']}"


@pytest.mark.parametrize("each", OBJECTS, ids=id_of)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_every_manifest_is_what_kubernetes_takes(each, version):
    kubernetes_validate.validate(each, version, strict=True)


def test_a_manifest_with_a_slip_would_be_found():
    [web] = [each for each in of_kind("Deployment") if each["metadata"]["name"] == "isthmus-web"]
    slipped = yaml.safe_load(yaml.safe_dump(web).replace("readinessProbe", "readynessProbe"))

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slipped, "1.37", strict=True)


def test_the_compose_file_holds_to_the_specification(tmp_path):
    good = lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml"))
    slipped = tmp_path / "compose.yaml"
    slipped.write_text((DEPLOY / "compose.yaml").read_text().replace("healthcheck:", "healthchek:"))
    bad = lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(slipped))

    assert good.returncode == 0, good.stdout
    assert bad.returncode == 1


def test_compose_itself_understands_the_file(tmp_path):
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker's compose plugin is not installed")
    values = re.sub(r"=$", "=x", (DEPLOY / "env.example").read_text(), flags=re.MULTILINE)
    (tmp_path / "env").write_text(values)
    done = subprocess.run(
        ["docker", "compose", "--env-file", str(tmp_path / "env"), "-f", str(DEPLOY / "compose.yaml"), "config", "-q"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_dockerfile_passes_hadolint(tmp_path):
    good = lint("hadolint", str(DEPLOY / "Dockerfile"))
    slipped = tmp_path / "Dockerfile"
    slipped.write_text("FROM python\nRUN cd /opt && apt-get install curl\n")

    assert good.returncode == 0, good.stdout
    assert lint("hadolint", str(slipped)).returncode == 1


def test_every_variable_that_is_set_is_one_that_the_settings_read():
    given = set(COMPOSE["x-isthmus"]["environment"])
    for service in OWN_SERVICES:
        given |= set(COMPOSE["services"][service]["environment"])
    for each in of_kind("ConfigMap"):
        given |= set(each["data"])
    for workload in pods():
        given |= {each["name"] for each in container_of(workload).get("env", [])}

    assert {"DATABASE_URL", "BASE_URL", "WORKER_METRICS_PORT"} <= given <= SETTINGS


def test_compose_asks_for_nothing_that_its_example_does_not_name_and_holds_no_secret_itself():
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE))

    assert asked == set(example)
    assert not any(example[name] for name in example if re.search("PASSWORD|SECRET|KEY|TOKEN", name))
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_secrets_come_from_a_secret():
    assert not of_kind("Secret")
    for workload in pods():
        assert {"secretRef": {"name": "isthmus"}} in container_of(workload)["envFrom"]
    for each in of_kind("ConfigMap"):
        assert not [name for name in each["data"] if re.search("PASSWORD|SECRET|KEY|TOKEN|DATABASE|BROKER", name)]


@pytest.mark.django_db
def test_probes_ask_for_what_is_answered_though_everything_else_be_away(monkeypatch):
    monkeypatch.setattr("config.health.check", lambda: pytest.fail("a probe must not look at the database"))
    [web] = [each for each in of_kind("Deployment") if each["metadata"]["name"] == "isthmus-web"]
    container = container_of(web)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    probes = [container[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")]

    for probe in probes:
        assert Client().get(probe["httpGet"]["path"], headers={"Host": "10.2.3.4"}).status_code == 200
        assert str(ports[probe["httpGet"]["port"]]) in (DEPLOY / "Dockerfile").read_text()
    assert probes[0]["httpGet"]["path"] in " ".join(COMPOSE["services"]["web"]["healthcheck"]["test"])


def test_whoever_stops_the_web_process_waits_until_it_has_lingered_and_finished(settings):
    [web] = [each for each in of_kind("Deployment") if each["metadata"]["name"] == "isthmus-web"]
    before_the_signal = int(container_of(web)["lifecycle"]["preStop"]["exec"]["command"][-1])
    pod = web["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    compose = int(COMPOSE["services"]["web"]["stop_grace_period"].removesuffix("s"))
    [unit] = [block for block in blocks(DEPLOY_PAGE, "ini") if "config.serving" in block]
    systemd = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1])
    embedded_linger = float(read_layout().environment["WEB_LINGER_SECONDS"])

    needed = settings.WEB_LINGER_SECONDS + settings.WEB_FINISH_SECONDS

    assert needed < min(pod - before_the_signal, compose, systemd)
    assert embedded_linger + settings.WEB_FINISH_SECONDS < STOP_SECONDS
    assert "KillMode=mixed" in unit


def test_every_selector_finds_its_pods():
    templates = {each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in pods()}
    for deployment in of_kind("Deployment"):
        assert deployment["spec"]["selector"]["matchLabels"] == templates[deployment["metadata"]["name"]]
    for budget in of_kind("PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"] == templates[budget["metadata"]["name"]]
    for service in of_kind("Service"):
        assert service["spec"]["selector"] == templates[service["metadata"]["name"]]
    for scaler in of_kind("HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] in templates


@pytest.mark.django_db
def test_workers_are_scaled_by_a_figure_that_is_told():
    registry = CollectorRegistry()
    registry.register(BacklogCollector())
    told = {family.name for family in registry.collect()}
    [scaler] = [each for each in of_kind("HorizontalPodAutoscaler") if "worker" in each["metadata"]["name"]]

    assert {metric["external"]["metric"]["name"] for metric in scaler["spec"]["metrics"]} <= told


def test_no_container_may_more_than_it_must():
    for workload in pods():
        pod, container = workload["spec"]["template"]["spec"], container_of(workload)
        assert pod["securityContext"]["runAsNonRoot"] and pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
    for service in OWN_SERVICES:
        assert COMPOSE["services"][service]["read_only"] and COMPOSE["services"][service]["cap_drop"] == ["ALL"]
    assert re.search(r"^USER \d+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)


def test_the_files_that_the_image_holds_are_enough_to_start_it(tmp_path):
    """What .dockerignore lets through is laid out elsewhere, and does the Dockerfile's last steps there."""
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line.startswith("!"):
            continue
        source = ROOT / line[1:]
        if source.is_dir():
            shutil.copytree(source, tmp_path / line[1:], ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, tmp_path / line[1:])
    assert not (tmp_path / "data").exists() and not (tmp_path / "tests").exists()
    clean = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "PLAIN_STATIC")}
    environment = {
        **clean,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(tmp_path / "build"),
        "STATIC_ROOT": str(tmp_path / "staticfiles"),
    }

    loads = "from config.wsgi import application; from django.urls import get_resolver; get_resolver().url_patterns"
    for command in (["manage.py", "collectstatic", "--no-input", "--verbosity", "0"], ["-c", loads]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "staticfiles" / "staticfiles.json").exists()
