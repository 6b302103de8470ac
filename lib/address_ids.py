"""Ids in addresses, as people and programs write them."""

from django.urls.converters import UUIDConverter

HEXADECIMAL_ID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


class IdConverter(UUIDConverter):
    """A UUID in small letters or capitals, which Django's own does not take. Source: RFC 9562, section 4."""

    regex = HEXADECIMAL_ID
