"""`python -m tests.support.hold_lane LANE`: be in the middle of a transaction that has written the lane, and stay there."""

import sys
import time

import django


def main() -> None:
    django.setup()
    from django.db import transaction

    from workflows.models import Lane

    with transaction.atomic():
        Lane.objects.filter(pk=sys.argv[1]).update(pause_reason="held")
        print("held", flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
