from django.apps import AppConfig


class ConnectPortalConfig(AppConfig):
    """What end users and the SDK see: portal pages, the /sdk/ API, OAuth popups."""

    name = "connect_portal"
