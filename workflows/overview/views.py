"""The catalogue of integrations, and one integration's Overview and Settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from integrations import activating, connecting
from integrations.models import Integration
from integrations.providers import registry
from integrations.providers.base import Provider
from projects import origins
from projects.models import Role
from projects.permissions import ProjectRequest, member_required, require_role
from workflows.engine import pausing
from workflows.history import budgets, charting
from workflows.models import Workflow
from workflows.overview import figures, getting_started, local_org, snippets
from workflows.overview.forms import SettingsForm

_CHART_DAYS = 14
_DISMISSED = "getting_started_dismissed"


@require_GET
@member_required
def catalogue(request: ProjectRequest) -> HttpResponse:
    """Every provider, and what a new project has still to do."""
    context: dict[str, Any] = {"cards": figures.cards(request.project)}
    if str(request.project.pk) not in request.session.get(_DISMISSED, []):
        checklist = getting_started.checklist(request.project)
        context["checklist"] = None if checklist.is_complete else checklist
    return render(request, "workflows/overview/catalogue.html", context)


@require_POST
@member_required
def dismiss_checklist(request: ProjectRequest) -> HttpResponse:
    """Put the checklist away, for this member's session."""
    request.session[_DISMISSED] = [*request.session.get(_DISMISSED, []), str(request.project.pk)]
    return redirect("workflows:integrations")


@require_GET
@member_required
def overview(request: ProjectRequest, provider_key: str) -> HttpResponse:
    """Ids and snippets to copy, figures, and the workflows."""
    provider = _provider_or_404(provider_key)
    integration = Integration.objects.for_project(request.project).filter(provider_key=provider_key).first()
    context = page_context(request, provider, integration)
    values = snippets.values_of(request.project, integration, settings.BASE_URL, provider_key)
    context["local_origins"] = origins.local_beside_real(request.project.allowed_origins)
    context["snippets"] = snippets.all_snippets(values)
    if integration:
        context |= _figures(request, integration)
    return render(request, "workflows/overview/overview.html", context)


def page_context(request: ProjectRequest, provider: Provider, integration: Integration | None) -> dict[str, Any]:
    """What the heads of an integration's pages show."""
    state, tone = figures.integration_state(integration)
    return {
        "provider": provider,
        "integration": integration,
        "state": state,
        "tone": tone,
        "can_build": request.member.may(Role.BUILDER),
        "can_admin": request.member.may(Role.ADMIN),
    }


def _figures(request: ProjectRequest, integration: Integration) -> dict[str, Any]:
    now = timezone.now()
    workflows = list(
        Workflow.objects.filter(integration=integration)
        .select_related("live_version")
        .order_by("position", "created_at")
    )
    ids = [workflow.pk for workflow in workflows]
    return {
        "connected_users": figures.connected_users(integration),
        "last_day": charting.count_since(request.project, ids, now - timedelta(days=1)),
        "chart": charting.of_workflows(request.project, ids, days=_CHART_DAYS, now=now),
        "workflows": figures.workflow_rows(workflows),
        "budgets": budgets.nearest_to_limit(integration, now=now),
    }


@require_http_methods(["GET", "POST"])
@member_required
def integration_settings(request: ProjectRequest, provider_key: str) -> HttpResponse:
    """The OAuth app and the portal's texts: everybody sees them, admins change them."""
    provider = _provider_or_404(provider_key)
    if request.method == "POST":
        return _save(request, provider)
    integration = _integration_or_blank(request, provider)
    return _settings_page(request, provider, integration, SettingsForm(integration))


@require_role(Role.ADMIN)
def _save(request: ProjectRequest, provider: Provider) -> HttpResponse:
    integration = activating.ensure_integration(request.project, provider.key)
    form = SettingsForm(integration, request.POST)
    if form.is_valid() and _store(form, integration, request):
        messages.success(request, f"{provider.name} is {'active' if integration.is_active else 'saved, not active'}.")
        url = reverse("workflows:integration-settings", args=[provider.key])
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    # What was refused is on the form alone: the page's head tells what is stored.
    integration.refresh_from_db()
    return _settings_page(request, provider, integration, form, status=422)


def _store(form: SettingsForm, integration: Integration, request: ProjectRequest) -> bool:
    """Store what the form holds; False when it was refused, with the reasons on the form."""
    given = form.cleaned_data
    integration.description, integration.overview = given["description"], given["overview"]
    integration.api_reserve_percent = given["api_reserve_percent"]
    try:
        with transaction.atomic():
            activating.save_settings(
                integration,
                client_id=given["client_id"],
                client_secret=given["client_secret"] or None,
                environment=given["environment"],
                domain=given["domain"],
                scopes=given["scopes"],
                is_active=given["is_active"],
                by=request.user,
            )
            pausing.go_on_within_budget(integration, now=timezone.now())
    except activating.SettingsRefused as refused:
        for name, message in refused.errors.items():
            form.add_error(name if name in form.fields else None, message)
        return False
    return True


@require_POST
@member_required(role=Role.ADMIN)
@never_cache
def fill_from_local_org(request: ProjectRequest, provider_key: str) -> HttpResponse:
    """The form, filled with the local sandbox org's app; nothing is saved yet."""
    provider = _provider_or_404(provider_key)
    if not local_org.is_offered():
        raise Http404("No sandbox org runs beside this deployment.")
    integration = _integration_or_blank(request, provider)
    try:
        app = local_org.fetch_app()
    except local_org.LocalOrgUnreachable as exc:
        return _settings_page(
            request, provider, integration, SettingsForm(integration), problem=exc.message, status=422
        )
    form = SettingsForm(integration, local_app=app)
    return _settings_page(request, provider, integration, form, is_filled=True)


def _settings_page(
    request: ProjectRequest,
    provider: Provider,
    integration: Integration,
    form: SettingsForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        **page_context(request, provider, integration),
        "form": form,
        "redirect_uri": connecting.redirect_uri(),
        "offers_local_org": local_org.is_offered(),
        "local_org_url": settings.SANDBOX_ORG_URL,
        **more,
    }
    template = "workflows/overview/settings.html#form" if request.htmx else "workflows/overview/settings.html"
    return render(request, template, context, status=status)


def _integration_or_blank(request: ProjectRequest, provider: Provider) -> Integration:
    """The project's integration; before it is first saved, what it will start from, not stored."""
    stored = Integration.objects.for_project(request.project).filter(provider_key=provider.key).first()
    return stored or activating.new_integration(request.project, provider.key)


def _provider_or_404(provider_key: str) -> Provider:
    try:
        return registry.provider(provider_key)
    except KeyError as exc:
        raise Http404("There is no such integration.") from exc
