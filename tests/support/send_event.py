"""`python -m tests.support.send_event PROJECT USER KEY [--stay]`: intake in a process that a test may have die.

With `--stay` it lives until it is ended, as a web process does, since the doorbell rings behind the answer; each line of
its input is the key of another event.
"""

import sys
import time
from uuid import UUID

import django

LEAD = {"first_name": "Bo", "last_name": "Lind", "email": "bo@example.com", "company": "Lind AB"}


def main() -> None:
    django.setup()
    from projects.user_tokens import UserToken
    from workflows.intake.grouping import receive_with_others
    from workflows.intake.receiving import Arrival

    project_id, user, key = UUID(sys.argv[1]), sys.argv[2], sys.argv[3]
    token = UserToken(project_id, user, time.time() + 3600, project_id, {})

    def send(key: str) -> None:
        arrival = Arrival(token, "Lead Created", LEAD, idempotency_key=key)
        received = receive_with_others(arrival, size_bytes=200)
        print(received.receipt["event_id"], "repeated" if received.is_repetition else "accepted", flush=True)

    send(key)
    if "--stay" in sys.argv:
        for line in sys.stdin:
            send(line.strip())
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
