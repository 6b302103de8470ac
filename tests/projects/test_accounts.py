"""Accounts: from sign-up to the first project, logging in, and the second factor."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from projects.creating import MAX_OWNED_PROJECTS, create_project
from projects.models import AuditEntry, Member, Project, Role, User
from tests.factories import make_user

PASSWORD = "correct horse battery"


def log_in(client: Client, email: str, password: str = PASSWORD):
    return client.post("/accounts/login/", {"login": email, "password": password})


def log_in_for_sure(client: Client, email: str) -> None:
    """Log in, and give the password again, as the pages about the account's safety ask."""
    log_in(client, email)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.mark.django_db
def test_from_sign_up_to_the_first_project():
    client = Client()

    home = client.post("/accounts/signup/", {"email": "ana@acme.example", "password1": PASSWORD}, follow=True)
    assert home.redirect_chain[-1][0] == "/new-project/"
    made = client.post("/new-project/", {"name": "Acme"}, follow=False)

    assert made["Location"] == "/"
    assert client.get("/")["Location"] == "/integrations/"
    member = Member.objects.get(user__email="ana@acme.example")
    assert (member.role, member.project.name) == (Role.OWNER, "Acme")
    assert AuditEntry.objects.get(project=member.project).actor == member.user


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_project_needs_a_name(name, browser):
    answer = browser(make_user()).post("/new-project/", {"name": name})

    assert answer.status_code == 422
    assert not Project.objects.exists()


@pytest.mark.django_db
def test_an_account_owns_a_bounded_number_of_projects(browser, tmp_path):
    user, file = make_user(), tmp_path / "acme.yaml"
    for number in range(MAX_OWNED_PROJECTS):
        create_project(f"Project {number}", owner=user)
    file.write_text("format: 1\nname: One more\n")

    answer = browser(user).post("/new-project/", {"name": "One more"})
    with pytest.raises(CommandError, match="An account owns at most 100 projects"):
        call_command("import_project", str(file), owner=user.email)

    assert answer.status_code == 409
    assert "An account owns at most 100 projects. Make somebody else owner of one" in answer.content.decode()
    assert Project.objects.count() == MAX_OWNED_PROJECTS


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "12345678901", "password1"])
def test_a_weak_password_makes_no_account(password):
    answer = Client().post("/accounts/signup/", {"email": "ana@acme.example", "password1": password})

    assert "id_password1_error" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_an_address_has_one_account_however_it_is_written():
    make_user(email="ana@acme.example")

    Client().post("/accounts/signup/", {"email": "ANA@acme.example", "password1": PASSWORD})

    assert User.objects.count() == 1


@pytest.mark.django_db
def test_attempts_to_log_in_are_limited():
    make_user(email="ana@acme.example", password=PASSWORD)
    for _ in range(5):
        log_in(Client(), "ana@acme.example", "wrong")

    answer = log_in(Client(), "ana@acme.example")

    assert answer.status_code == 200
    assert "Too many failed" in answer.content.decode()


@pytest.mark.django_db
def test_a_forgotten_password_is_set_anew_by_mail():
    user = make_user(email="ana@acme.example", password=PASSWORD)
    client = Client()
    client.post("/accounts/password/reset/", {"email": "ana@acme.example"})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link is not None
    form = client.get(link.group(1), follow=True)

    client.post(form.redirect_chain[-1][0], {"password1": "another good one", "password2": "another good one"})

    user.refresh_from_db()
    assert user.check_password("another good one")


@pytest.mark.django_db
@pytest.mark.parametrize("verification", ["none", "mandatory"])
def test_links_in_mails_lead_to_the_deployments_own_address_whatever_the_host_header_says(settings, verification):
    """Reset, confirmation, "this address has an account" and "this address has none": each kind of mail that holds a link."""
    settings.BASE_URL, settings.ACCOUNT_EMAIL_VERIFICATION = "https://isthmus.example.com", verification
    settings.SECURE_PROXY_SSL_HEADER = (
        "HTTP_X_FORWARDED_PROTO",
        "https",
    )  # as config.settings does with such a BASE_URL
    make_user(email="ana@acme.example", password=PASSWORD)
    client = Client(headers={"Host": "localhost:6666"})

    client.post("/accounts/password/reset/", {"email": "ana@acme.example"})
    client.post("/accounts/password/reset/", {"email": "nobody@acme.example"})
    client.post("/accounts/signup/", {"email": "ana@acme.example", "password1": PASSWORD})
    client.post("/accounts/signup/", {"email": "new@acme.example", "password1": PASSWORD})

    texts = [each.subject + each.body for each in mail.outbox]
    links = [link for text in texts for link in re.findall(r"https?://\S+", text)]
    assert len(texts) == (4 if verification == "mandatory" else 2)
    assert links and all(link.startswith("https://isthmus.example.com/accounts/") for link in links)
    assert not any("6666" in text or "localhost:" in text for text in texts)


@pytest.mark.django_db
def test_a_reset_link_goes_to_the_accounts_own_address_only():
    """Somebody who made the account for another's address, and added their own, does not get it back after its owner came."""
    client, owners, mine = Client(), "new.ceo@acme.example", "mallory@evil.example"
    client.post("/accounts/signup/", {"email": owners, "password1": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"action_add": "", "email": mine})
    assert User.objects.get(email=owners).emailaddress_set.filter(email=mine).exists()
    mail.outbox.clear()

    Client().post("/accounts/password/reset/", {"email": mine})

    assert [each.to for each in mail.outbox] == [[owners]]


@pytest.mark.django_db
def test_sign_up_tells_nobody_that_an_address_has_an_account_where_mail_proves_addresses(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    make_user(email="ana@acme.example", password=PASSWORD)

    known, unknown = (
        Client().post("/accounts/signup/", {"email": f"{name}@acme.example", "password1": PASSWORD}, follow=True)
        for name in ("ana", "new")
    )

    assert known.redirect_chain == unknown.redirect_chain == [("/accounts/confirm-email/", 302)]
    pages = {
        re.sub(r"[A-Za-z0-9]{64}", "TOKEN", page.content.decode()).replace("ana@", "new@") for page in (known, unknown)
    }
    assert len(pages) == 1


@pytest.mark.django_db
def test_failed_log_ins_are_counted_whatever_the_host_header_says():
    make_user(email="ana@acme.example", password=PASSWORD)
    for port in range(5):
        Client(headers={"Host": f"localhost:{port}"}).post(
            "/accounts/login/", {"login": "ana@acme.example", "password": "wrong"}
        )

    answer = log_in(Client(headers={"Host": "localhost:99"}), "ana@acme.example")

    assert "Too many failed" in answer.content.decode()


@pytest.mark.django_db
def test_sign_ups_are_limited():
    answers = [
        Client().post("/accounts/signup/", {"email": f"p{number}@acme.example", "password1": PASSWORD}).status_code
        for number in range(21)
    ]

    assert answers == [302] * 20 + [429]


@pytest.mark.django_db
def test_an_authenticator_app_is_activated_and_asked_for_at_the_next_log_in():
    client = Client()
    client.post("/accounts/signup/", {"email": "ana@acme.example", "password1": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    user = User.objects.get()
    page = client.get("/accounts/2fa/totp/activate/")
    assert 'src="data:image/svg+xml' in page.content.decode()
    secret = page.context["form"].secret

    client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})

    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    assert kinds == {Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES}
    second = Client()
    assert log_in(second, "ana@acme.example")["Location"] == "/accounts/2fa/authenticate/"
    assert second.get("/")["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_a_wrong_code_activates_nothing():
    user, client = make_user(email="ana@acme.example", password=PASSWORD), Client()
    log_in_for_sure(client, "ana@acme.example")
    client.get("/accounts/2fa/totp/activate/")

    client.post("/accounts/2fa/totp/activate/", {"code": "000000"})

    assert not Authenticator.objects.filter(user=user).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/totp/activate/",
        "/accounts/reauthenticate/",
        "/accounts/logout/",
    ],
)
def test_each_account_page_has_our_look_and_no_inline_script(path):
    make_user(email="ana@acme.example", password=PASSWORD)
    client = Client()
    log_in_for_sure(client, "ana@acme.example")

    answer = client.get(path)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="centred-card' in page
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", page)
    assert inline == []
    assert not re.search(r"\son\w+=", page)
    assert "script-src 'self'" in [each.strip() for each in answer["Content-Security-Policy"].split(";")]
