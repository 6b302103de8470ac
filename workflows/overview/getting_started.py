"""The way from a new project to its first event, with what is done already ticked."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from integrations.models import Credential, Integration
from projects.models import ConnectedUser, Project, SigningKey
from workflows.models import AppEvent, Workflow


@dataclass(frozen=True)
class Task:
    """One thing to do."""

    title: str
    text: str
    url: str
    is_done: bool


@dataclass(frozen=True)
class Checklist:
    tasks: list[Task]

    @property
    def done(self) -> int:
        return sum(task.is_done for task in self.tasks)

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.tasks)

    @property
    def next(self) -> Task | None:
        """The first that is not done."""
        return next((task for task in self.tasks if not task.is_done), None)


def checklist(project: Project, provider_key: str = "salesforce") -> Checklist:
    """What the project has and has not yet, from its rows."""
    integrations = list(Integration.objects.for_project(project))
    workflow = Workflow.objects.for_project(project).only("pk").order_by("created_at").first()
    overview = reverse("workflows:integration", args=[provider_key])
    return Checklist(
        [
            Task(
                "Set up Salesforce",
                "Enter the consumer key and secret of an app there, or use the local sandbox org's, and switch it on.",
                reverse("workflows:integration-settings", args=[provider_key]),
                any(row.is_complete and row.is_active for row in integrations),
            ),
            Task(
                "Create an App Event",
                "Name what happens in your product, such as “Lead Created”, with an example of its payload.",
                reverse("workflows:app-events"),
                AppEvent.objects.for_project(project).exists(),
            ),
            Task(
                "Draw a workflow and deploy it",
                "Say which record the event becomes, and map its fields.",
                reverse("workflows:editor", args=[workflow.pk]) if workflow else overview,
                Workflow.objects.for_project(project).deployed().exists(),
            ),
            Task(
                "Generate a signing key",
                "Your app's back end signs a token for each user with it. The private half is shown once.",
                reverse("projects:signing-keys"),
                SigningKey.objects.for_project(project).valid().exists(),
            ),
            Task(
                "Connect a user",
                "Put the SDK into your page: a user opens the portal there and connects their own account.",
                f"{overview}#snippets",
                Credential.objects.for_project(project).valid().exists(),
            ),
            Task(
                "Send the first event",
                "From your app, or with curl. What becomes of it stands in Activity.",
                f"{overview}#snippets",
                ConnectedUser.objects.for_project(project).filter(events__isnull=False).exists(),
            ),
        ]
    )
