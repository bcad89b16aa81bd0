from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0008_attachment_refused"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(fields=["address"], name="notify_suppression_address"),
        ),
    ]
