"""`python -m tests.support.dying_worker LANE PLACE`: one worker's work on one lane, by a process that a run kills.

It dies by SIGKILL when a Lead's last name is "Poison": while its inputs are filled in ("render"), or while the action
runs ("call").
"""

import os
import signal
import sys
from typing import Any

import django


def main() -> None:
    django.setup()
    from integrations.providers.salesforce.actions.create_record import CreateRecord
    from workflows.engine.batching import Turn
    from workflows.tasks import drain_lanes

    lane_id, place = sys.argv[1:]
    render, run = Turn.render, CreateRecord.run

    def die_if_poisoned(inputs: Any) -> None:
        if inputs["fields"]["LastName"] == "Poison":
            os.kill(os.getpid(), signal.SIGKILL)

    def rendered(turn: Turn) -> Any:
        found = render(turn)
        die_if_poisoned(found.inputs)
        return found

    def called(action: CreateRecord, calls: Any, *others: Any, **options: Any) -> Any:
        for call in calls:
            die_if_poisoned(call.inputs)
        return run(action, calls, *others, **options)

    if place == "render":
        Turn.render = rendered  # type: ignore[method-assign]
    else:
        CreateRecord.run = called  # type: ignore[method-assign]
    drain_lanes(lane_id)


if __name__ == "__main__":
    main()
