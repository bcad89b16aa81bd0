"""Under staff/templates/: the list, and below it each text as <type>/<channel>/<language or "default">/."""

from django.urls import path

from notifications.api.staff import drafts, publishing, templates, trying

TEXT = "<str:type_key>/<str:channel>/<str:language>/"

urlpatterns = [
    path("", templates.TemplatesView.as_view(), name="staff-templates"),
    path(TEXT, templates.OneTemplateView.as_view(), name="staff-template"),
    path(f"{TEXT}versions/", templates.VersionsView.as_view(), name="staff-template-versions"),
    path(f"{TEXT}versions/<int:number>/", templates.VersionView.as_view(), name="staff-template-version"),
    path(f"{TEXT}diff/", templates.DiffView.as_view(), name="staff-template-diff"),
    path(f"{TEXT}draft/", drafts.DraftView.as_view(), name="staff-template-draft"),
    path(f"{TEXT}submit/", drafts.SubmitView.as_view(), name="staff-template-submit"),
    path(f"{TEXT}return/", drafts.ReturnView.as_view(), name="staff-template-return"),
    path(f"{TEXT}publish/", publishing.PublishView.as_view(), name="staff-template-publish"),
    path(f"{TEXT}rollback/", publishing.RollBackView.as_view(), name="staff-template-rollback"),
    path(f"{TEXT}archive/", publishing.ArchiveView.as_view(), name="staff-template-archive"),
    path(f"{TEXT}accept-file/", publishing.AcceptFileView.as_view(), name="staff-template-accept-file"),
    path(f"{TEXT}validate/", trying.ValidateView.as_view(), name="staff-template-validate"),
    path(f"{TEXT}preview/", trying.PreviewView.as_view(), name="staff-template-preview"),
    path(f"{TEXT}test/", trying.TestView.as_view(), name="staff-template-test"),
]
