"""Addresses of the workflow editor."""

from django.urls import path

from workflows.editor import managing, views

urlpatterns = [
    path("integrations/<slug:provider_key>/workflows/new/", managing.create_workflow, name="create-workflow"),
    path("workflows/<id:workflow_id>/", views.editor, name="editor"),
    path("workflows/<id:workflow_id>/draft/", views.save_draft, name="save-draft"),
    path("workflows/<id:workflow_id>/form/", views.step_form, name="step-form"),
    path("workflows/<id:workflow_id>/details/", views.describe_workflow, name="describe-workflow"),
    path("workflows/<id:workflow_id>/app-events/", views.create_app_event, name="editor-app-event"),
    path("workflows/<id:workflow_id>/deploy/", views.deploy_workflow, name="deploy-workflow"),
    path("workflows/<id:workflow_id>/undeploy/", views.undeploy_workflow, name="undeploy-workflow"),
    path("workflows/<id:workflow_id>/duplicate/", managing.duplicate_workflow, name="duplicate-workflow"),
    path("workflows/<id:workflow_id>/delete/", managing.delete_workflow, name="delete-workflow"),
    path("workflows/<id:workflow_id>/versions/", managing.workflow_versions, name="workflow-versions"),
    path("workflows/<id:workflow_id>/versions/<int:number>/", managing.workflow_version, name="workflow-version"),
    path("workflows/<id:workflow_id>/versions/<int:number>/restore/", managing.restore_version, name="restore-version"),
]
