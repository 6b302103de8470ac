"""`python -m tests.support.drain_lane LANE`: one worker's work on one lane, in a process that a test may have die."""

import sys

import django


def main() -> None:
    django.setup()
    from workflows.tasks import drain_lanes

    drain_lanes(sys.argv[1])


if __name__ == "__main__":
    main()
