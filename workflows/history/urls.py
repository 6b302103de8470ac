"""Addresses of the history room."""

from django.urls import URLPattern, path

from workflows.history.views import activity, edited_replays, replays, runs, users

urlpatterns: list[URLPattern] = [
    path("activity/", activity.activity, name="activity"),
    path("activity/updates/", activity.activity_updates, name="activity-updates"),
    path("activity/replay/", replays.replay_runs, name="replay-runs"),
    path("activity/events/<id:event_id>/", runs.event_page, name="event"),
    path("activity/<id:run_id>/", runs.run_page, name="run"),
    path("activity/<id:run_id>/replay/", runs.replay_run, name="replay-run"),
    path("activity/<id:run_id>/replay/edited/", edited_replays.replay_edited, name="replay-edited"),
    path("activity/<id:run_id>/cancel/", runs.cancel_run, name="cancel-run"),
    path("activity/<id:run_id>/try-now/", runs.try_run_now, name="try-run"),
    path("activity/<id:run_id>/decide/", runs.decide_run, name="decide-run"),
    path("activity/<id:run_id>/document/", runs.run_document, name="run-document"),
    path("users/", users.connected_users, name="connected-users"),
    path("users/<id:user_id>/", users.connected_user, name="connected-user"),
    path(
        "users/<id:user_id>/credentials/<id:credential_id>/disconnect/",
        users.disconnect_credential,
        name="disconnect-credential",
    ),
    path(
        "users/<id:user_id>/credentials/<id:credential_id>/api-reserve/",
        users.set_api_reserve,
        name="set-api-reserve",
    ),
    path(
        "users/<id:user_id>/workflows/<id:configuration_id>/<id:workflow_id>/",
        users.switch_workflow,
        name="switch-workflow",
    ),
]
