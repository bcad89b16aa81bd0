"""What comes back from outside. In a project: `path("notifications/", include("notifications.tracking.urls"))`."""

from django.urls import path

from notifications.tracking import push
from notifications.tracking.engagement import ClickView, OpenView
from notifications.tracking.unsubscribe import UnsubscribeView
from notifications.tracking.webhooks.view import receive

app_name = "notify"
urlpatterns = [
    path("c/<str:token>/", ClickView.as_view(), name="click"),
    path("o/<str:token>/", OpenView.as_view(), name="open"),
    path("push-subscription/", push.subscription_changed, name="push-subscription"),
    path("push-worker.js", push.worker, name="push-worker"),
    path("unsubscribe/<str:token>/", UnsubscribeView.as_view(), name="unsubscribe"),
    path("webhooks/<str:alias>/", receive, name="webhook"),
]
