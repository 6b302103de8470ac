"""User tokens: who is let in, who is refused, and with which words."""

import base64
import hmac
import json
import time
from hashlib import sha256
from types import SimpleNamespace
from uuid import uuid4

import jwt
import pytest

from projects import user_tokens
from projects.errors import TokenRefused
from projects.models import Project, SigningKey
from projects.signing_keys import revoke_key
from projects.user_tokens import LEEWAY_SECONDS, USER_TOKEN_CACHE_SECONDS, verify_user_token
from tests.factories import make_project, make_signing_key, private_key, public_pem, user_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = make_project()
    make_signing_key(project)
    return project


def refusal(token: str, project: Project) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify_user_token(token, project.pk)
    assert len(caught.value.message) > 20
    return caught.value.code


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    return {"sub": "user-1", "iat": now, "exp": now + 3600} | changes


def test_a_token_signed_with_a_key_of_the_project_says_who_it_is_for(project):
    token = verify_user_token(user_token("user-7", plan="pro"), project.pk)

    assert (token.subject, token.project_id, token.claims["plan"]) == ("user-7", project.pk, "pro")
    assert token.key_id == SigningKey.objects.get().pk


def test_each_of_several_valid_keys_lets_in(project):
    make_signing_key(project, number=1)

    assert verify_user_token(user_token(number=0), project.pk)
    assert verify_user_token(user_token(number=1), project.pk)


def test_the_key_notes_when_it_was_used(project):
    verify_user_token(user_token(), project.pk)

    assert SigningKey.objects.get().last_used_at is not None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "not a token", "....", "[]"])
def test_what_is_no_token_is_refused(project, token):
    assert refusal(token, project) in {"token_missing", "token_malformed"}


def test_a_token_of_more_than_8192_characters_is_refused_unread(project):
    assert refusal(user_token(padding="x" * 9000), project) == "token_too_long"


def test_an_unsigned_token_is_refused(project):
    head, body, _ = user_token().split(".")

    assert refusal(f"{head}.{body}.", project) == "token_signature"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
def test_alg_none_is_refused_however_it_is_written(project, algorithm):
    token = f"{b64({'alg': algorithm, 'typ': 'JWT'})}.{b64(claims())}."

    assert refusal(token, project) in {"token_algorithm", "token_malformed"}


def test_hs256_with_the_public_key_as_its_secret_is_refused(project):
    signed = f"{b64({'alg': 'HS256', 'typ': 'JWT'})}.{b64(claims())}"
    signature = hmac.new(public_pem().encode(), signed.encode(), sha256).digest()

    assert refusal(f"{signed}.{b64(signature)}", project) == "token_algorithm"


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_another_algorithm_is_refused_although_the_key_is_right(project, algorithm):
    token = jwt.encode(claims(), private_key(0), algorithm=algorithm)

    assert refusal(token, project) == "token_algorithm"


def test_a_changed_body_is_refused(project):
    head, _, signature = user_token("user-1").split(".")

    assert refusal(f"{head}.{b64(claims(sub='admin'))}.{signature}", project) == "token_signature"


def test_a_key_in_the_header_is_not_believed(project):
    own = jwt.algorithms.RSAAlgorithm.to_jwk(private_key(5).public_key(), as_dict=True)

    token = jwt.encode(claims(), private_key(5), algorithm="RS256", headers={"jwk": own, "kid": "x"})

    assert refusal(token, project) == "token_signature"


def test_a_token_of_another_project_is_refused(project):
    globex = make_project(name="Globex")
    make_signing_key(globex, number=1)

    assert refusal(user_token(number=1), project) == "token_signature"
    assert verify_user_token(user_token(number=1), globex.pk).project_id == globex.pk


def test_a_token_verified_for_one_project_is_not_taken_from_the_cache_for_another(project):
    globex, token = make_project(name="Globex"), user_token()
    verify_user_token(token, project.pk)

    assert refusal(token, globex) == "no_signing_key"


def test_a_project_without_a_key_or_one_that_is_not_there_says_so(project):
    with pytest.raises(TokenRefused, match="no such project"):
        verify_user_token(user_token(), uuid4())


def test_a_revoked_keys_token_is_refused(project):
    revoke_key(SigningKey.objects.get())

    assert refusal(user_token(), project) == "no_signing_key"


def test_revoking_one_key_leaves_the_others_in_force(project):
    make_signing_key(project, number=1)
    revoke_key(SigningKey.objects.get(fingerprint__endswith="0"))

    assert refusal(user_token(number=0), project) == "token_signature"
    assert verify_user_token(user_token(number=1), project.pk)


def test_a_revoked_keys_token_stops_within_the_cache_time(project, monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: 1000.0, time=time.time)
    monkeypatch.setattr(user_tokens, "time", clock)
    token = user_token()
    verify_user_token(token, project.pk)
    revoke_key(SigningKey.objects.get())

    clock.monotonic = lambda: 1000.0 + USER_TOKEN_CACHE_SECONDS + 0.01

    assert refusal(token, project) == "no_signing_key"
    assert USER_TOKEN_CACHE_SECONDS <= 30


def test_a_token_that_expires_while_it_is_cached_is_refused(project, monkeypatch):
    token = user_token(exp=int(time.time()) + 5)
    verify_user_token(token, project.pk)
    later = time.time() + 5 + LEEWAY_SECONDS + 1
    monkeypatch.setattr(user_tokens, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: later))

    assert refusal(token, project) == "token_expired"


def test_clocks_may_differ_by_the_leeway_and_no_more(project):
    now = int(time.time())

    assert verify_user_token(user_token(exp=now - LEEWAY_SECONDS + 5), project.pk)
    assert refusal(user_token(exp=now - LEEWAY_SECONDS - 5), project) == "token_expired"
    assert verify_user_token(user_token(iat=now + LEEWAY_SECONDS - 5), project.pk)
    assert refusal(user_token(iat=now + LEEWAY_SECONDS + 30), project) == "token_not_yet_valid"
    assert refusal(user_token(nbf=now + LEEWAY_SECONDS + 30), project) == "token_not_yet_valid"


@pytest.mark.parametrize("claim", ["iat", "exp"])
def test_a_missing_claim_is_named(project, claim):
    with pytest.raises(TokenRefused, match=f"`{claim}`"):
        verify_user_token(user_token(**{claim: None}), project.pk)


def test_a_token_for_nobody_is_refused(project):
    nobody = {"iat": int(time.time()), "exp": int(time.time()) + 60}

    assert refusal(jwt.encode(nobody, private_key(0), algorithm="RS256"), project) == "token_claims"


@pytest.mark.parametrize("sub", ["", "   ", "x" * 256, "a\x00b", "half \ud800 a pair"])
def test_a_sub_that_can_not_be_an_id_is_refused(project, sub):
    assert refusal(user_token(sub), project) == "token_claims"


def signed(header: dict[str, object], body: object) -> str:
    """A token that no library would sign, with a signature that is right; bytes stand as they are."""
    text = f"{b64(header)}.{b64(body)}"
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(text.encode(), private_key(0))
    return f"{text}.{b64(signature)}"


RS256 = {"alg": "RS256", "typ": "JWT"}


@pytest.mark.parametrize(
    "changes",
    [
        *({"sub": 7}, {"sub": ["a"]}),
        *(
            {claim: value}
            for claim in ("iat", "exp", "nbf")
            for value in (
                "soon",
                [1],
                {},
                True,
                1e30,
                -1e30,
                1e400,
                -1e400,
                float("nan"),
                10**399,
                -(10**399),
                "9" * 400,
            )
        ),
    ],
)
def test_claims_of_the_wrong_type_are_refused_and_break_nothing(project, changes):
    assert refusal(signed(RS256, claims(**changes)), project) == "token_claims"


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
def test_milliseconds_are_recognised_and_said(project, claim):
    with pytest.raises(TokenRefused, match=f"`{claim}` counts milliseconds.*Divide it by 1000") as caught:
        verify_user_token(user_token(**{claim: int(time.time() * 1000) + 60_000}), project.pk)

    assert caught.value.code == "token_claims"


def test_fractions_of_seconds_and_numbers_as_text_are_read(project):
    now = time.time()

    assert verify_user_token(signed(RS256, claims(iat=now, exp=now + 60.5)), project.pk).expires_at == now + 60.5
    assert verify_user_token(signed(RS256, claims(exp=str(int(now) + 60))), project.pk)


@pytest.mark.parametrize(
    "header",
    [{"kid": 5}, {"kid": {}}, {"crit": ["exp"]}, {"crit": 7}, {"b64": False, "crit": ["b64"]}],
)
def test_a_header_that_is_not_valid_is_said_to_be_that(project, header):
    assert refusal(signed(RS256 | header, claims()), project) == "token_malformed"


def test_a_kid_that_is_no_text_is_named(project):
    with pytest.raises(TokenRefused, match="header is not valid: Key ID"):
        verify_user_token(signed(RS256 | {"kid": 5}, claims()), project.pk)


@pytest.mark.parametrize(
    "encoded",
    [
        "é.é.é",
        f"{b64(b'[' * 5900)}.e30.e30",
        f"{b64(RS256)}.{b64(b'[' * 4000)}.e30",
        f"{b64(b'{' + b'1' * 5000)}.e30.e30",
        f"{b64({'alg': ['RS256']})}.e30.e30",
        f"{b64([])}.e30.e30",
        ".....",
        "." * 8000,
    ],
)
def test_no_text_that_is_sent_for_a_token_breaks_the_reader(project, encoded):
    assert refusal(encoded, project).startswith("token_")


@pytest.mark.parametrize("body", [b"[" * 3900, b'{"exp": ' + b"1" * 4500 + b"}", b"[]", b"7", b"\xff", b""])
def test_no_signed_body_breaks_the_reader(project, body):
    assert refusal(signed(RS256, body), project) in {"token_malformed", "token_claims"}


def test_a_token_lives_no_longer_than_its_project_allows(project):
    now, day = int(time.time()), 24 * 3600

    assert verify_user_token(user_token(iat=now, exp=now + day), project.pk)
    assert verify_user_token(user_token(iat=now - 10, exp=now - 10 + day + LEEWAY_SECONDS), project.pk)
    for times in (
        {"iat": now, "exp": now + day + LEEWAY_SECONDS + 5},
        {"iat": now, "exp": now + 100 * 365 * day},
        {"iat": 1, "exp": now + 60},
        {"iat": -(2**40), "exp": now + 60},
    ):
        with pytest.raises(TokenRefused, match="at most 24 hours") as caught:
            verify_user_token(user_token(**times), project.pk)
        assert caught.value.code == "token_lives_too_long" and caught.value.ids["max_hours"] == 24


def test_the_bound_on_a_tokens_life_is_the_projects_own(project):
    globex = make_project(name="Globex", max_token_hours=1)
    make_signing_key(globex)
    token = user_token(exp=int(time.time()) + 2 * 3600)

    assert verify_user_token(token, project.pk)
    assert refusal(token, globex) == "token_lives_too_long"


def test_the_audience_may_be_the_projects_id_in_capitals(project):
    assert verify_user_token(user_token(aud=str(project.pk).upper()), project.pk)


def test_an_audience_must_name_this_project_or_this_deployment(project, settings):
    accepted = [str(project.pk), settings.BASE_URL, ["someone", str(project.pk)]]

    for audience in accepted:
        assert verify_user_token(user_token(aud=audience), project.pk)
    for audience in ["other", str(uuid4()), [], 7, {"a": 1}]:
        assert refusal(user_token(aud=audience), project) == "token_audience"
