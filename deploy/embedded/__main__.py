"""`python -m deploy.embedded demo|run|stop`: what `make demo`, `make run` and `make stop` call."""

import json
import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from deploy.embedded import known_login
from deploy.embedded.layout import Layout, read_layout
from deploy.embedded.processes import Stack, StackError, stop_left_over
from deploy.embedded.tutorial import Told, TutorialFailed, walk_through


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command not in ("demo", "run", "stop"):
        print(__doc__)
        return 2
    os.umask(0o077)  # what the group writes holds sessions and password hashes, and is for this account alone
    signal.signal(signal.SIGTERM, _interrupt)
    # A shell without job control starts what stands before an & with SIGINT ignored, and Python then leaves it so.
    signal.signal(signal.SIGINT, _interrupt)
    layout = read_layout()
    if command == "stop":
        print("Stopped." if stop_left_over(layout) else "Nothing was running from this data folder.")
        return 0
    stack = Stack(layout)
    try:
        return _demo(layout, stack) if command == "demo" else _run(layout, stack)
    except (StackError, TutorialFailed) as exc:
        print(f"\nFailed: {exc}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.stop()


def _run(layout: Layout, stack: Stack) -> int:
    stack.start()
    print(f"Isthmus      {layout.base_url}")
    print(f"Sandbox org  {layout.sandbox_url}")
    print(f"Acme         {layout.acme_url}")
    print(f"Logs         {layout.logs}")
    if warning := known_login.warning(layout):
        print(f"\n{warning}\n")
    print("Ctrl-C stops everything.", flush=True)
    return stack.wait()


def _demo(layout: Layout, stack: Stack) -> int:
    begun = time.monotonic()
    print("Starting web, worker, sandbox org and Acme …", flush=True)
    stack.start()
    started = time.monotonic()
    print(f"  up after {started - begun:.1f} s\n", flush=True)
    told: Told = walk_through(layout)
    seconds = {
        "setup": round(float(os.environ.get("SETUP_SECONDS", "0")), 1),
        "start": round(started - begun, 1),
        "event_to_lead": round(told["event_to_lead"], 3),
    }
    print("\nThe Lead, as the sandbox org has it:")
    for field in ("Id", "FirstName", "LastName", "Title", "Company", "Email", "Status", "CreatedDate"):
        print(f"  {field:<12} {told['facts']['lead'].get(field)}")
    facts = {"ok": True, **told["facts"], "seconds": seconds}
    login, sandbox_login = facts["login"], facts["sandbox_login"]
    print(
        f"""
Now click on:
  Isthmus      {layout.base_url}  (log in as {login["email"]} / {login["password"]})
  Acme         {layout.acme_url}  (the customer's app: connect, create a lead)
  Sandbox org  {layout.sandbox_url}  (log in as {sandbox_login["username"]} / {sandbox_login["password"]})
  API          {layout.base_url}/api/docs/
  Logs         {layout.logs}
"""
    )
    if layout.is_reached_from_elsewhere and (warning := known_login.warning(layout)):
        print(f"{warning}\n")
    print(json.dumps(facts), flush=True)
    if os.environ.get("ONCE") == "1":
        return 0
    print("\nCtrl-C stops everything.", flush=True)
    return stack.wait()


if __name__ == "__main__":
    sys.exit(main())
