"""`python -m examples.acme`: Acme on ACME_PORT (8002)."""

import uvicorn

from examples.acme.server import app
from examples.acme.settings import port


def main() -> None:
    uvicorn.run(app, host="127.0.0.1", port=port(), log_level="warning", access_log=False, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
