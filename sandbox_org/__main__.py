"""`python -m sandbox_org`: start the org."""

import argparse
import sys
from pathlib import Path

from sandbox_org.application import create_app
from sandbox_org.org import Org
from sandbox_org.serving import serve
from sandbox_org.settings import read_settings


def main() -> int:
    """Read the command line and the environment, and serve until stopped."""
    parser = argparse.ArgumentParser(prog="sandbox_org", description="A local stand-in for a Salesforce org.")
    parser.add_argument("--host", help="address to listen on (SANDBOX_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port, 0 for a free one (SANDBOX_PORT, 8001)")
    parser.add_argument("--data-dir", type=Path, help="folder of the org's file (DATA_DIR, ./data)")
    given = parser.parse_args()
    try:
        settings = read_settings(host=given.host, port=given.port, data_dir=given.data_dir)
    except ValueError as error:
        parser.error(str(error))
    org = Org(settings)
    try:
        serve(create_app(org), settings.host, settings.port)
    except OSError as error:
        print(f"sandbox_org cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)
        return 1
    finally:
        org.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
