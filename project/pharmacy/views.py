"""What patients see of their prescriptions: what is only drafted is not found."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from project.content_policy import content_policy
from project.pharmacy.models import Prescription, Status
from project.pharmacy.prescription_sheet import prescription_sheet


@content_policy()
@never_cache
@require_safe
@login_required
def prescription(request: HttpRequest, pk: int) -> HttpResponse:
    """One prescription of the signed-in patient; another's is not found."""
    return render(request, "pharmacy/prescription.html", {"prescription": _own(request, pk)})


@never_cache
@require_safe
@login_required
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Its PDF, made when it is asked for."""
    made = prescription_sheet(_own(request, pk))
    return HttpResponse(
        made.content,
        content_type=made.content_type,
        headers={"Content-Disposition": f'inline; filename="{made.name}"'},
    )


def _own(request: HttpRequest, pk: int) -> Prescription:
    return get_object_or_404(Prescription, pk=pk, patient__user=request.user.pk, status=Status.ISSUED)
