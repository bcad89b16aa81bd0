from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0006_webhook_event"),
    ]

    operations = [
        migrations.AddField(
            model_name="provideroutcomes",
            name="failed_in_a_row",
            field=models.PositiveIntegerField(default=0, help_text="Since the last success in these ten seconds."),
        ),
    ]
