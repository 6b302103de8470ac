"""Whose Salesforce it is, what arrived, and what became of it."""

from django.db import models


class Account(models.Model):
    """A user's Salesforce."""

    user_id = models.CharField(max_length=255, unique=True)
    instance_url = models.URLField()
    access_token = models.TextField()


class Event(models.Model):
    """One event as the app sent it."""

    user_id = models.CharField(max_length=255, db_index=True)
    name = models.CharField(max_length=120)
    payload = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)


class Result(models.Model):
    """What became of an event."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="result")
    record_id = models.CharField(max_length=18)
    error = models.JSONField(null=True)
    finished_at = models.DateTimeField(auto_now_add=True)
