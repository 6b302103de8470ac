from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0004_call_repeated_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='workerpulse',
            name='clock_seconds_ahead',
            field=models.FloatField(db_default=0.0),
        ),
    ]
