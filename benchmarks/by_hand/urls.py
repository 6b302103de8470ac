"""The baseline's addresses, and the empty view by which a server's own ceiling is measured."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from benchmarks.by_hand.leads.views import CreateEvent


@csrf_exempt
def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json", status=201)


urlpatterns = [
    path("events", CreateEvent.as_view()),
    path("empty", empty),
]
