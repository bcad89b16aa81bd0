from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0009_suppression_address"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="providerhealth",
            options={
                "permissions": [("control_provider", "Can pin, drain and disable providers")],
                "verbose_name": "provider",
            },
        ),
    ]
