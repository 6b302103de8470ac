"""The REST API of the org, as plain functions from a call to a reply: composite calls are calls within calls."""
