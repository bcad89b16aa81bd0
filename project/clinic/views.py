"""What patients see of their appointments."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from project.clinic.models import Appointment
from project.content_policy import content_policy


@content_policy()
@require_safe
@login_required
def appointments(request: HttpRequest) -> HttpResponse:
    """The signed-in patient's appointments, the latest first."""
    own = Appointment.objects.filter(patient__user=request.user.pk).order_by("-starts_at")[:50]
    return render(request, "clinic/appointments.html", {"appointments": own})


@content_policy()
@require_safe
@login_required
def appointment(request: HttpRequest, pk: int) -> HttpResponse:
    """One appointment of the signed-in patient; another's is not found."""
    own = get_object_or_404(Appointment, pk=pk, patient__user=request.user.pk)
    return render(request, "clinic/appointment.html", {"appointment": own})
