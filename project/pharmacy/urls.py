"""Addresses of the pharmacy."""

from django.urls import path

from project.pharmacy import views

app_name = "pharmacy"
urlpatterns = [
    path("prescriptions/<int:pk>/", views.prescription, name="prescription"),
    path("prescriptions/<int:pk>/prescription.pdf", views.sheet, name="sheet"),
]
