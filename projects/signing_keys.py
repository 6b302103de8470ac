"""Signing keys: made here, handed over once, kept as the public half."""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import transaction
from django.utils import timezone

from projects import auditing
from projects.errors import TooManySigningKeys
from projects.models import Project, SigningKey, User

KEY_BITS = 3072
MAX_VALID_KEYS = 20
"""Of one project. A token of no key's making is tried with each of them."""


@dataclass(frozen=True)
class NewKey:
    """A key just made; `private_pem` (PKCS #8) exists nowhere else."""

    key: SigningKey
    private_pem: str


def generate_key(project: Project, *, name: str = "", by: User | None = None) -> NewKey:
    """Make an RSA key pair for `project` and keep its public half. Raises TooManySigningKeys at MAX_VALID_KEYS valid ones."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    encoded = serialization.Encoding
    public = private.public_key()
    der = public.public_bytes(encoded.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)  # two requests of one project count one after the other
        if SigningKey.objects.for_project(project).valid().count() >= MAX_VALID_KEYS:
            raise TooManySigningKeys(
                f"A project has at most {MAX_VALID_KEYS} valid signing keys. Revoke one that no server signs with any more.",
                project_id=project.pk,
            )
        key = SigningKey.objects.create(
            project=project,
            name=name.strip()[:120],
            public_key=public.public_bytes(encoded.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
            fingerprint=sha256(der).hexdigest(),
            created_by=by,
        )
        auditing.record(project, "signing_key.created", by=by, target=str(key), fingerprint=key.fingerprint)
    pem = private.private_bytes(encoded.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return NewKey(key, pem)


def revoke_key(key: SigningKey, *, by: User | None = None) -> None:
    """Refuse the key's tokens from now on; cached verifications end within USER_TOKEN_CACHE_SECONDS."""
    with transaction.atomic():
        now = timezone.now()
        if SigningKey.objects.valid().filter(pk=key.pk).update(revoked_at=now, revoked_by=by):
            key.revoked_at, key.revoked_by = now, by
            auditing.record(key.project, "signing_key.revoked", by=by, target=str(key), fingerprint=key.fingerprint)
