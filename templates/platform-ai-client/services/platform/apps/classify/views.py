from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from apps.ai_client.client import Refused, Score, Unavailable
from apps.classify import asking
from apps.classify.forms import ClassifyForm


@login_required
@require_http_methods(["GET", "POST"])
def classify(request: HttpRequest) -> HttpResponse:
    """503 without the AI service: what was typed is kept, and what is missing said."""
    form = ClassifyForm(request.POST or None)
    scores: list[Score] = []
    status = HTTPStatus.OK
    if form.is_valid():
        try:
            text, labels = form.cleaned_data["text"], form.cleaned_data["labels"]
            scores = asking.classify(text, labels, request.user.pk)
        except Refused as error:
            form.add_error(None, f"The AI service cannot read this: {error}")
        except Unavailable:
            status = HTTPStatus.SERVICE_UNAVAILABLE
    context = {"form": form, "scores": scores, "missing": status != HTTPStatus.OK}
    return render(request, "classify/classify.html", context, status=status)
