"""The project's addresses."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

admin.site.site_header = admin.site.site_title = "Lotus House"
admin.site.index_title = _("Administration")

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("account/", include("project.accounts.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("notifications/", include("notifications.tracking.urls")),
    path("", include("project.clinic.urls")),
    path("", include("project.pharmacy.urls")),
]

if apps.is_installed("project.demo"):
    urlpatterns += [path("", include("project.demo.urls"))]
else:
    urlpatterns += [path("", RedirectView.as_view(pattern_name="clinic:appointments"))]
