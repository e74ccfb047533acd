"""Settings and pages of a Django site."""

from django.http import Http404, HttpResponse
from django.urls import include, path

SECRET_KEY = "not one"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_site"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
LOGGING_CONFIG = None


def item(request, number):
    return HttpResponse(str(number))


def gone(request):
    raise Http404


def fail(request):
    raise ValueError("sold out")


pages = [path("items/<int:number>", item, name="item"), path("gone", gone), path("fail", fail)]
urlpatterns = [path("v1/", include(pages))]
