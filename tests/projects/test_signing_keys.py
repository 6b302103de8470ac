"""Signing keys: made once, shown once, kept as the public half."""

import re

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.apps import apps
from django.core.management import CommandError, call_command
from django.urls import reverse

from projects.models import AuditEntry, Role, SigningKey
from projects.signing_keys import MAX_VALID_KEYS, generate_key, revoke_key
from tests.factories import make_member, make_signing_key

PAGE = "/settings/signing-keys/"
PEM = re.compile(r"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.S)


def secret_lines(pem: str) -> list[str]:
    """Lines of the private key that no public key has: those of its second half."""
    return pem.strip().splitlines()[20:-1]


def everything_stored() -> str:
    """Every text column of every row of every table, sessions included."""
    return "\n".join(str(row) for model in apps.get_models() for row in model._base_manager.values())


def test_a_new_key_signs_what_its_stored_half_verifies(acme):
    new = generate_key(acme, name=" Production ")

    token = jwt.encode({"sub": "user-1"}, new.private_pem, algorithm="RS256")

    assert jwt.decode(token, new.key.public_key, algorithms=["RS256"]) == {"sub": "user-1"}
    assert new.key.name == "Production"
    assert load_pem_private_key(new.private_pem.encode(), None).key_size >= 2048


def test_the_private_half_is_shown_once_and_stored_nowhere(acme, ana, browser):
    client = browser(ana)

    answer = client.post(PAGE, {"name": "Production"})

    pem = PEM.search(answer.content.decode())
    assert pem is not None
    assert "no-store" in answer["Cache-Control"]
    stored = everything_stored()
    assert SigningKey.objects.get().fingerprint in stored
    assert not any(line in stored for line in secret_lines(pem.group()))
    assert not PEM.search(client.get(PAGE).content.decode())


def test_htmx_gets_the_part_of_the_page_that_changes(ana, browser):
    answer = browser(ana).post(PAGE, {"name": ""}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith('<div id="signing-keys">')
    assert PEM.search(answer.content.decode())
    assert "HX-Request" in answer["Vary"]


def test_a_name_that_is_too_long_comes_back_with_422_and_makes_no_key(ana, browser):
    answer = browser(ana).post(PAGE, {"name": "x" * 121})

    assert answer.status_code == 422
    assert not SigningKey.objects.exists()


def test_several_keys_are_valid_at_once(acme):
    generate_key(acme)
    generate_key(acme)

    assert SigningKey.objects.for_project(acme).valid().count() == 2


def test_an_admin_revokes_a_key_and_the_log_says_who(acme, browser):
    admin, key = make_member(acme, Role.ADMIN), make_signing_key(acme, name="Old server")

    answer = browser(admin).post(reverse("projects:revoke-signing-key", args=[key.pk]))

    assert answer.status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert key.revoked_by == admin.user
    entry = AuditEntry.objects.get(action="signing_key.revoked")
    assert (entry.actor, entry.target) == (admin.user, "Old server")


def test_revoking_twice_keeps_the_first_time_and_is_logged_once(acme, ana, raj):
    key = make_signing_key(acme)
    revoke_key(key, by=ana.user)
    first = SigningKey.objects.get().revoked_at

    revoke_key(key, by=raj.user)

    again = SigningKey.objects.get()
    assert (again.revoked_at, again.revoked_by) == (first, ana.user)
    assert AuditEntry.objects.filter(action="signing_key.revoked").count() == 1


def test_a_project_has_a_bounded_number_of_valid_keys_and_room_again_after_a_revocation(acme, ana, browser, tmp_path):
    for number in range(MAX_VALID_KEYS):
        make_signing_key(acme, fingerprint=f"{number:064x}")
    client = browser(ana)
    out = tmp_path / "one-more.pem"

    page = client.post(PAGE, {"name": "One more"})
    fragment = client.post(PAGE, {"name": "One more"}, headers={"HX-Request": "true"})
    with pytest.raises(CommandError, match="at most 20 valid signing keys"):
        call_command("create_signing_key", str(acme.pk), out=str(out))
    refused = SigningKey.objects.count()
    client.post(reverse("projects:revoke-signing-key", args=[SigningKey.objects.latest("created_at").pk]))
    made = client.post(PAGE, {"name": "One more"})

    assert (page.status_code, fragment.status_code, refused) == (409, 409, MAX_VALID_KEYS)
    assert "at most 20 valid signing keys. Revoke one" in page.content.decode()
    assert fragment.content.decode().startswith("A project has at most 20 valid signing keys.")
    assert not out.exists()
    assert made.status_code == 200 and PEM.search(made.content.decode())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BUILDER])
def test_who_is_no_admin_sees_the_keys_without_buttons_and_is_refused_with_403(acme, browser, role):
    key, member = make_signing_key(acme, name="Production"), make_member(acme, role)
    client = browser(member)

    page = client.get(PAGE).content.decode()
    made = client.post(PAGE, {"name": "Mine"})
    revoked = client.post(reverse("projects:revoke-signing-key", args=[key.pk]))

    assert "Production" in page
    assert "Generate key" not in page
    assert "Revoke" not in page
    assert (made.status_code, revoked.status_code) == (403, 403)
    assert list(SigningKey.objects.valid()) == [key]


def test_the_token_generator_may_send_nothing_and_knows_the_fingerprints(acme, ana, browser):
    key = make_signing_key(acme)

    answer = browser(ana).get("/settings/token-generator/")

    policy = [directive.strip() for directive in answer["Content-Security-Policy"].split(";")]
    assert "connect-src 'none'" in policy
    assert key.fingerprint in answer.content.decode()
