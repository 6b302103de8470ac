"""The log's form is chosen by LOG_FORMAT."""

import json
import os
import subprocess
import sys

from tests.support.processes import ROOT


def run_with(log_format, tmp_path):
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup(); import logging; logging.error('all.well', extra={'run': 7})",
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_FORMAT": log_format,
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_json_is_chosen_by_the_environment(tmp_path):
    [line] = run_with("json", tmp_path).stderr.splitlines()

    assert json.loads(line)["message"] == "all.well" and json.loads(line)["run"] == 7


def test_another_form_is_refused_at_the_start(tmp_path):
    done = run_with("xml", tmp_path)

    assert done.returncode and "LOG_FORMAT" in done.stderr
