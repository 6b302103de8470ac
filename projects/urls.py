"""Addresses of the projects room."""

from django.urls import URLPattern, URLResolver, path

from projects.views import home, switching

app_name = "projects"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("new-project/", switching.create, name="create"),
    path("switch-project/", switching.switch, name="switch"),
]
