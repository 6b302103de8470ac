"""Settings > Signing keys, and the token generator."""

from uuid import UUID

from csp.constants import NONE
from csp.decorators import csp_replace
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.errors import TooManySigningKeys
from projects.forms import NewKeyForm
from projects.models import Role, SigningKey
from projects.permissions import ProjectRequest, member_required, require_role
from projects.signing_keys import NewKey, generate_key, revoke_key


@require_http_methods(["GET", "POST"])
@member_required
@never_cache  # the answer to a POST holds a private key: no-store
def signing_keys(request: ProjectRequest) -> HttpResponse:
    """The keys; a POST makes one and shows its private half, this once."""
    if request.method == "POST":
        return _generate(request)
    return _page(request, NewKeyForm())


@require_role(Role.ADMIN)
def _generate(request: ProjectRequest) -> HttpResponse:
    form = NewKeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        new = generate_key(request.project, name=form.cleaned_data["name"], by=request.user)
    except TooManySigningKeys as exc:
        if request.htmx:  # whose page shows the words of a refusal beside what stands there
            return HttpResponse(exc.message, status=exc.status, content_type="text/plain; charset=utf-8")
        form.add_error(None, exc.message)
        return _page(request, form, status=exc.status)
    return _page(request, NewKeyForm(), new=new)


def _page(request: ProjectRequest, form: NewKeyForm, *, new: NewKey | None = None, status: int = 200) -> HttpResponse:
    template = "projects/signing_keys.html#keys" if request.htmx else "projects/signing_keys.html"
    keys = SigningKey.objects.for_project(request.project).for_list()
    return render(request, template, {"form": form, "keys": keys, "new": new}, status=status)


@require_POST
@member_required(role=Role.ADMIN)
def revoke(request: ProjectRequest, key_id: UUID) -> HttpResponse:
    """Refuse a key's tokens from now on."""
    key = get_object_or_404(SigningKey.objects.for_project(request.project), pk=key_id)
    revoke_key(key, by=request.user)
    messages.success(request, f"{key} is revoked. Its tokens stop working within half a minute.")
    return redirect("projects:signing-keys")


@require_GET
@member_required
@csp_replace({"connect-src": [NONE]})  # type: ignore[untyped-decorator]
def token_generator(request: ProjectRequest) -> HttpResponse:
    """Signs a test token in the browser; the fingerprints tell which key it was given.

    The page's own policy (connect-src 'none') makes sure that its scripts send the private key nowhere.
    """
    keys = [
        {"fingerprint": key.fingerprint, "name": str(key), "revoked": key.revoked_at is not None}
        for key in SigningKey.objects.for_project(request.project).for_list()
    ]
    return render(request, "projects/token_generator.html", {"keys": keys})
