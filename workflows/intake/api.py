"""The event endpoint, described: `POST /projects/<project id>/sdk/events/trigger`, and the same under `/v2`."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from projects.errors import DatabaseUnavailable
from projects.refusals import error_body
from workflows.intake.answering import MAX_NAME_CHARACTERS, answer
from workflows.intake.planning import SkipReason


class EventSerializer(serializers.Serializer[Any]):
    """Shape of the request's body."""

    name = serializers.CharField(max_length=MAX_NAME_CHARACTERS, help_text="The App Event's name, as in the dashboard.")
    payload = serializers.DictField(
        required=False, help_text="A JSON object; its fields are what `{{ trigger.… }}` reads."
    )


class StartedRunSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    workflow_id = serializers.UUIDField()
    workflow = serializers.CharField()
    credential_id = serializers.UUIDField()
    configuration_id = serializers.UUIDField()
    state = serializers.ChoiceField(
        choices=["queued", "parked"], help_text="`parked`: it begins when the user has connected the account again."
    )


class ParkedRunSerializer(serializers.Serializer[Any]):
    run_id = serializers.UUIDField(help_text="One of `runs`.")
    workflow_id = serializers.UUIDField()
    workflow = serializers.CharField()
    reason = serializers.ChoiceField(choices=[SkipReason.CREDENTIAL_INVALID.value])
    message = serializers.CharField(help_text="What the run waits for, and how long it is kept.")


class SkippedWorkflowSerializer(serializers.Serializer[Any]):
    workflow_id = serializers.UUIDField()
    workflow = serializers.CharField()
    reason = serializers.ChoiceField(choices=[reason.value for reason in SkipReason])
    message = serializers.CharField(help_text="What to do about it.")


class ReceiptSerializer(serializers.Serializer[Any]):
    event_id = serializers.UUIDField()
    name = serializers.CharField()
    received_at = serializers.DateTimeField()
    runs = StartedRunSerializer(many=True)
    parked = ParkedRunSerializer(many=True, help_text="Those of `runs` whose account has to be connected again first.")
    skipped = SkippedWorkflowSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class ErrorDetailSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class ErrorSerializer(serializers.Serializer[Any]):
    """Every error's body. The fields beside `error` say the same in the SDK's words."""

    error = ErrorDetailSerializer(help_text="With the fields of `meta` in it.")
    message = serializers.CharField(help_text="What is wrong, and what to do.")
    code = serializers.CharField(help_text="Stable; for programs.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    meta = serializers.DictField(help_text="What the message speaks of, for programs.")


def _error(description: str, **example: Any) -> OpenApiResponse:
    examples = [OpenApiExample(example["code"], error_body(**example))] if example else []
    return OpenApiResponse(ErrorSerializer, description, examples=examples)


EXAMPLE_EVENT = OpenApiExample(
    "Lead Created",
    {
        "name": "Lead Created",
        "payload": {
            "first_name": "Bo",
            "last_name": "Lind",
            "email": "bo@lind.example",
            "company": "Lind & Daughters",
            "title": "Head of Sales",
        },
    },
    request_only=True,
)
EXAMPLE_RECEIPT = OpenApiExample(
    "One run started, one workflow not",
    {
        "event_id": "019a2f6e-3c1b-7d10-9a51-5f7b1e0c7a11",
        "name": "Lead Created",
        "received_at": "2026-11-23T10:00:00.123456+00:00",
        "runs": [
            {
                "id": "019a2f6e-3c1c-7b02-8e5d-2b6f0a4d9c33",
                "workflow_id": "6f0c4a5e-7d0b-4a0e-9f2d-0d6f1b1a8c55",
                "workflow": "Create leads",
                "credential_id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
                "configuration_id": "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
                "state": "queued",
            }
        ],
        "parked": [],
        "skipped": [
            {
                "workflow_id": "0c2f4c0e-8a3e-4b8e-8f2a-6a1f9d5c7e21",
                "workflow": "Invite to the newsletter",
                "reason": "switched_off",
                "message": "The user has not switched this workflow on: in the Connect Portal, or through your app.",
            }
        ],
        "warnings": [],
    },
    response_only=True,
    status_codes=["201"],
)


class TriggerEvent(APIView):
    """Take one App Event for the token's user."""

    @extend_schema(
        operation_id="trigger_event",
        auth=[{"userToken": []}],  # type: ignore[list-item]  # as the schema has it
        summary="Send an App Event",
        description=(
            "Starts the workflows that listen to the event, for the user whom the token names. The answer is sent when the "
            "event is on disk. Safe to repeat with an `Idempotency-Key`: the same key and body start nothing twice, and the "
            "answer then has the header `Idempotency-Replayed: true`. `/v2/projects/…` is the same address.\n\n"
            "What is taken is stored as it came. So the body is JSON in UTF-8 of at most 1 MB, also unpacked where it is "
            "sent with `Content-Encoding: gzip`; nested at most 100 levels deep; without the character NUL (`\\u0000`), "
            "halves of surrogate pairs, `NaN` and `Infinity`. Whole numbers go from −9223372036854775808 to "
            "18446744073709551615, others up to 1.7e308, with the digits that a double keeps. A number beyond that, as an "
            "id of 23 digits, is refused and not rounded: send it as text, in quotes. Of a key that stands "
            "twice in an object the last counts."
        ),
        request=EventSerializer,
        examples=[EXAMPLE_EVENT, EXAMPLE_RECEIPT],
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="At most 255 characters, ASCII; kept for 24 hours.",
            ),
            OpenApiParameter(
                "X-Paragon-Credential",
                str,
                OpenApiParameter.HEADER,
                description="Only this account: its id or external id.",
            ),
            OpenApiParameter(
                "X-Paragon-Configuration-Id", str, OpenApiParameter.HEADER, description="Only this configuration."
            ),
        ],
        responses={
            201: OpenApiResponse(ReceiptSerializer, "The receipt: what the event started, and what not and why."),
            400: _error(
                "The body is not JSON, not an event, or holds what can not be kept (`bad_event`; `meta.at` may name the "
                "place); or a header is empty or not ASCII (`bad_header`)."
            ),
            401: _error(
                "The user token was refused; `code` says why.",
                code="token_expired",
                message="The user token has expired. Sign a new one with a later `exp`.",
                status=401,
            ),
            404: _error(
                "There is no such App Event; `meta.known` lists those there are.",
                code="unknown_app_event",
                message="There is no App Event “Lead Crated” in this project. Known: “Lead Created”.",
                status=404,
                meta={"known": ["Lead Created"]},
            ),
            409: _error("The Idempotency-Key was used with another body."),
            413: _error("More than 1 MB, unpacked."),
            415: _error("A `Content-Encoding` other than gzip, or a charset other than UTF-8."),
            422: _error("The project rejects payloads of another shape than the example's."),
            503: _error(
                "The database is away, read-only or full, or the web process is about to stop (`stopping`), and nothing was "
                "accepted that is not stored. `Retry-After` says when to come again.",
                code=DatabaseUnavailable.code,
                message=DatabaseUnavailable().message,
                status=503,
            ),
        },
    )
    def post(self, request: Request, project_id: UUID) -> HttpResponse:
        answered = answer(request.META, request._request.read, project_id)
        return HttpResponse(answered.body, status=answered.status, headers=answered.headers)
