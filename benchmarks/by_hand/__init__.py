"""The baseline: what a good Django developer writes in a day to get events into Salesforce. It imports nothing of Isthmus.

A DRF view verifies the user's token and stores the event; one Celery task per event on Redis creates the Lead and stores
the result. gunicorn, PostgreSQL.
"""
