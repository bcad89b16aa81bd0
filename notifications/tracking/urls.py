"""What comes back from outside. In a project: `path("notifications/", include("notifications.tracking.urls"))`."""

from django.urls import path

from notifications.tracking.unsubscribe import UnsubscribeView

app_name = "notify"
urlpatterns = [
    path("unsubscribe/<str:token>/", UnsubscribeView.as_view(), name="unsubscribe"),
]
