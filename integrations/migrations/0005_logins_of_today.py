"""Note for each credential the account that it acts with today: who logged in before is not known any more."""

from django.db import migrations

BATCH = 500


def note_accounts(apps, schema_editor):
    Credential = apps.get_model("integrations", "Credential")
    AccountLogin = apps.get_model("integrations", "AccountLogin")
    unnoted = Credential.objects.exclude(provider_id="").filter(logins__isnull=True).order_by("pk")
    while batch := list(unnoted.only("pk", "provider_id", "provider_data", "created_at")[:BATCH]):
        AccountLogin.objects.bulk_create(
            AccountLogin(
                credential=credential,
                provider_id=credential.provider_id,
                user_id=str(credential.provider_data.get("user_id") or "")[:120],
                username=str(credential.provider_data.get("username") or "")[:255],
                since=credential.created_at,
            )
            for credential in batch
        )


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_account_login")]
    operations = [migrations.RunPython(note_accounts, migrations.RunPython.noop, elidable=True)]
