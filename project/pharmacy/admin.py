"""Prescriptions in the admin: a doctor writes and issues the own ones; what is issued is only read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import CharField, QuerySet
from django.forms import ModelForm, Textarea
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from project.clinic.models import Doctor
from project.pharmacy.models import Prescription, PrescriptionError, PrescriptionItem, Status


class ItemInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs alone
    """The medicines of a draft."""

    model = PrescriptionItem
    extra = 1
    # A row fits the page, and a dose is seen whole.
    formfield_overrides = {CharField: {"widget": Textarea(attrs={"rows": 3, "cols": 16})}}

    def has_add_permission(self, request: HttpRequest, obj: Prescription | None = None) -> bool:
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_change_permission(self, request: HttpRequest, obj: Prescription | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Prescription | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)


@admin.register(Prescription)
class PrescriptionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Prescriptions. Doctors see their own; who is neither a doctor nor a superuser sees the issued ones."""

    list_display = ("id", "patient", "doctor", "status", "issued_at", "valid_until")
    list_filter = ("status", "issued_at")
    search_fields = ("=id", "patient__user__username", "patient__user__first_name", "patient__user__last_name")
    autocomplete_fields = ("patient", "doctor")
    fields = ("patient", "doctor", "note", "valid_until", "status", "issued_at")
    readonly_fields = ("status", "issued_at")
    ordering = ("-pk",)
    inlines = (ItemInline,)
    actions = ("issue",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prescription]:
        rows: QuerySet[Prescription] = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        doctor = _doctor(request)
        return rows.filter(doctor=doctor) if doctor else rows.filter(status=Status.ISSUED)

    def get_readonly_fields(self, request: HttpRequest, obj: Prescription | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "doctor") if _doctor(request) else self.readonly_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and (request.user.is_superuser or _doctor(request) is not None)

    def has_change_permission(self, request: HttpRequest, obj: Prescription | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Prescription | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)

    def has_issue_permission(self, request: HttpRequest) -> bool:
        """Who may issue: what the action asks."""
        return request.user.has_perm("pharmacy.issue_prescription")

    def save_model(
        self, request: HttpRequest, obj: Prescription, form: "ModelForm[Prescription]", change: bool
    ) -> None:
        """Save it. A doctor's is the own."""
        doctor = _doctor(request)
        if doctor and not change:
            obj.doctor = doctor
        super().save_model(request, obj, form, change)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The page; its template shows the button “Save and issue” where `may_issue`."""
        context = {**(extra_context or {}), "may_issue": self.has_issue_permission(request)}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except PrescriptionError as error:  # issued by another meanwhile
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def response_add(
        self, request: HttpRequest, obj: Prescription, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._issued_by_button(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Prescription) -> HttpResponse:
        return self._issued_by_button(request, obj) or super().response_change(request, obj)

    @admin.action(description=_("Issue selected prescriptions"), permissions=["issue"])
    def issue(self, request: HttpRequest, queryset: QuerySet[Prescription]) -> None:
        """Issue each that can be."""
        done = sum([self._issue(request, each) for each in queryset])
        if done:
            self.message_user(request, _("Issued: %d") % done, messages.SUCCESS)

    def _issued_by_button(self, request: HttpRequest, obj: Prescription) -> HttpResponse | None:
        """“Save and issue”: the medicines are saved by now."""
        if "_issue" not in request.POST or not self.has_issue_permission(request):
            return None
        if self._issue(request, obj):
            self.message_user(request, _("Issued. The patient hears of it."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:pharmacy_prescription_change", args=[obj.pk]))

    def _issue(self, request: HttpRequest, prescription: Prescription) -> bool:
        try:
            prescription.issue()
        except PrescriptionError as error:
            self.message_user(request, f"{prescription}: {error}", messages.ERROR)
            return False
        self.log_change(request, prescription, "Issued.")
        return True


def _is_draft(prescription: Prescription | None) -> bool:
    return prescription is None or prescription.status == Status.DRAFTED


def _doctor(request: HttpRequest) -> Doctor | None:
    """The doctor who is signed in; none for a superuser, who stands in for any."""
    if request.user.is_superuser:
        return None
    return Doctor.objects.filter(user=request.user.pk).first()
