"""The root of all addresses."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("projects.urls")),
    path("", include("workflows.urls")),
    path("", include("connect_portal.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(template_name="api_docs.html"), name="api-docs"),
]

handler400 = "config.bad_requests.bad_request"
