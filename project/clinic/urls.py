"""Addresses of the clinic."""

from django.urls import path

from project.clinic import views

app_name = "clinic"
urlpatterns = [
    path("appointments/", views.appointments, name="appointments"),
    path("appointments/<int:pk>/", views.appointment, name="appointment"),
]
