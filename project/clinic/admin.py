"""The clinic in the admin."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from project.clinic.models import Appointment, AppointmentError, Doctor, Patient


@admin.register(Doctor)
class DoctorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Doctors."""

    list_display = ("__str__", "speciality")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "speciality")
    autocomplete_fields = ("user",)


@admin.register(Patient)
class PatientAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Patients."""

    list_display = ("__str__", "date_of_birth")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "user__email")
    autocomplete_fields = ("user",)


@admin.register(Appointment)
class AppointmentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Appointments. The status changes by actions alone, so that each change is a possible one."""

    list_display = ("starts_at", "patient", "doctor", "treatment", "place", "status", "patient_comes")
    list_filter = ("status", "starts_at", "doctor")
    search_fields = ("patient__user__username", "patient__user__last_name", "treatment")
    autocomplete_fields = ("patient", "doctor")
    readonly_fields = ("status", "patient_confirmed_at")
    ordering = ("-starts_at",)
    actions = ("confirm", "cancel", "complete")

    @admin.display(description=_("patient comes"), boolean=True)
    def patient_comes(self, appointment: Appointment) -> bool | None:
        """Whether the patient said so; unknown for who has not answered."""
        return True if appointment.patient_confirmed_at else None

    def save_model(self, request: HttpRequest, obj: Appointment, form: "ModelForm[Appointment]", change: bool) -> None:
        """Save it. What the form changed is a change to calendars too."""
        if change and form.has_changed():
            obj.revision += 1
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Confirm selected appointments"), permissions=["change"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        """Confirm each that can be."""
        self._each(request, queryset, Appointment.confirm)

    @admin.action(description=_("Cancel selected appointments"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        """Cancel each that can be."""
        self._each(request, queryset, Appointment.cancel)

    @admin.action(description=_("Mark selected appointments as completed"), permissions=["change"])
    def complete(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        """Complete each that can be."""
        self._each(request, queryset, Appointment.complete)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Appointment], change: Callable[[Appointment], None]
    ) -> None:
        done = 0
        for appointment in queryset:
            try:
                change(appointment)
            except AppointmentError as error:
                self.message_user(request, f"{appointment}: {error}", messages.ERROR)
            else:
                done += 1
        if done:
            self.message_user(request, _("Changed: %d") % done, messages.SUCCESS)
