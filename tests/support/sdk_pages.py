"""Host pages that use a published version of the SDK as it is, without Isthmus' own bundle."""

from __future__ import annotations

import json
import subprocess
from functools import cache

from tests.support.processes import ROOT

PACKAGES = {
    "1.0.40": "connect-1.0.40",
    "2.0.6": "connect-2.0.6",
    "2.2.4": "connect-2.2.4",
    "2.4.0": "@useparagon/connect",
}
"""npm's names of the versions in package.json."""
_PAGE = """<!doctype html><title>App</title>
<script>localStorage.clear()</script>
<script>%(sdk)s</script>
<script>
  const overrides = %(overrides)s;
  paragon.configureGlobal({ host: new URL(overrides.ZEUS_PUBLIC_URL).host }, overrides);
  window.installed = [];
  paragon.subscribe("onIntegrationInstall", (event) => window.installed.push(event.integrationType));
</script>
<body><h1>App</h1></body>"""
_ASSETS = ("CDN_PUBLIC_URL", "DASHBOARD_PUBLIC_URL")
_SERVICES = (
    "CONNECT_PUBLIC_URL",
    "HERMES_PUBLIC_URL",
    "PASSPORT_PRODUCTION_URL",
    "PASSPORT_PUBLIC_URL",
    "ZEUS_PUBLIC_URL",
    "WORKER_PROXY_PUBLIC_URL",
    "API_TRIGGER_KIT_PUBLIC_URL",
)


def page_with_sdk(version: str, server: str) -> str:
    """Return the HTML of a page that holds the SDK of that version as `paragon`, pointed at `server`."""
    overrides = dict.fromkeys(_SERVICES, server) | dict.fromkeys(_ASSETS, f"{server}/static/connect")
    return _PAGE % {"sdk": _bundle(version), "overrides": json.dumps(overrides)}


@cache
def _bundle(version: str) -> str:
    """The package for a browser, as an app's bundler makes it."""
    entry = f'import {{ paragon }} from "{PACKAGES[version]}"; window.paragon = paragon;'
    made = subprocess.run(
        [ROOT / "node_modules/.bin/esbuild", "--bundle", "--format=iife", "--define:global=window"],
        input=entry,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout
