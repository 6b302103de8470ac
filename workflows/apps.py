from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """Definitions, editor, app events, intake, engine, history."""

    name = "workflows"
