"""The catalogue of integrations and the checklist of a new project."""

from __future__ import annotations

import pytest
from django.urls import reverse

from integrations.models import Integration
from projects.models import Project
from tests.factories import (
    make_app_event,
    make_connected_user,
    make_credential,
    make_event,
    make_integration,
    make_project,
    make_signing_key,
    make_workflow,
)
from workflows.overview import figures
from workflows.overview.getting_started import checklist

URL = "/integrations/"


def done(project: Project) -> list[str]:
    return [task.title for task in checklist(project).tasks if task.is_done]


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def test_every_provider_has_a_card_before_anything_is_set_up(project):
    card = figures.cards(project)[0]

    assert (card.provider.key, card.state, card.connected_users, card.deployed_workflows) == (
        "salesforce",
        "Not set up",
        0,
        0,
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"client_id": ""}, "Not set up"),
        ({"client_secret": ""}, "Not set up"),
        ({"is_active": False}, "Set up, inactive"),
        ({}, "Active"),
    ],
)
def test_a_card_tells_how_far_the_set_up_is(project, fields, state):
    make_integration(project, **fields)

    assert figures.cards(project)[0].state == state


def test_a_card_counts_users_once_and_deployed_workflows_only(project):
    integration = make_integration(project)
    user = make_connected_user(project)
    for external_id in ("a", "b"):
        make_credential(integration, user, external_id=external_id)
    make_workflow(integration)
    make_workflow(integration, deployed=False)
    other = make_integration(make_project())
    make_credential(other)

    card = figures.cards(project)[0]

    assert (card.connected_users, card.deployed_workflows) == (1, 1)


def test_the_checklist_ticks_what_is_done_as_it_is_done(project):
    assert done(project) == []

    integration = make_integration(project)
    assert done(project) == ["Set up Salesforce"]
    make_app_event(project)
    make_workflow(integration, deployed=False)
    assert done(project) == ["Set up Salesforce", "Create an App Event"]
    make_workflow(integration)
    make_signing_key(project)
    credential = make_credential(integration)
    assert checklist(project).next.title == "Send the first event"
    make_event(credential.user)
    assert checklist(project).is_complete


def test_an_inactive_integration_is_not_ticked(project):
    Integration.objects.filter(pk=make_integration(project).pk).update(is_active=False)

    assert done(project) == []


def test_the_checklist_leads_to_the_workflow_that_was_begun(project):
    workflow = make_workflow(make_integration(project), deployed=False)

    assert checklist(project).tasks[2].url == reverse("workflows:editor", args=[workflow.pk])


def test_a_new_project_sees_the_checklist_until_it_is_put_away(stranger):
    assert "0 of 6 done" in stranger.get(URL).content.decode()

    body = stranger.post(reverse("workflows:dismiss-checklist"), follow=True).content.decode()

    assert "of 6 done" not in body and "Salesforce" in body


def test_a_finished_checklist_is_not_shown(ana, acme):
    make_app_event(acme.project)
    make_signing_key(acme.project)
    assert "5 of 6 done" in ana.get(URL).content.decode()

    make_event(acme.credential.user)

    assert "of 6 done" not in ana.get(URL).content.decode()


def test_a_stranger_sees_their_own_figures_and_not_acmes(stranger, acme):
    body = stranger.get(URL).content.decode()

    assert "Not set up" in body and "<strong>0</strong> connected users" in body


def test_the_catalogue_takes_few_queries(ana, acme, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        ana.get(URL)
