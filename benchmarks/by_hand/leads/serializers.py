"""The shape of an event."""

from rest_framework import serializers

from benchmarks.by_hand.leads.models import Event


class EventSerializer(serializers.ModelSerializer):
    payload = serializers.DictField()

    class Meta:
        model = Event
        fields = ["id", "name", "payload", "received_at"]
        read_only_fields = ["id", "received_at"]
