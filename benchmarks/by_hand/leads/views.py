"""The endpoint: store the event, then have its task run."""

from functools import partial

from django.db import transaction
from rest_framework.generics import CreateAPIView

from benchmarks.by_hand.leads.serializers import EventSerializer
from benchmarks.by_hand.leads.tasks import create_lead


class CreateEvent(CreateAPIView):
    serializer_class = EventSerializer

    def perform_create(self, serializer: EventSerializer) -> None:
        with transaction.atomic():
            event = serializer.save(user_id=self.request.user.id)
            transaction.on_commit(partial(create_lead.delay, event.pk))
