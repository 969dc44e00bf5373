"""Django in one file: its own accounts, its default CSRF middleware, notes to write, edit and delete, and the
script from its documentation that reads the token out of the cookie. Served by `runserver`."""

import sys
from pathlib import Path

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="a key for tests only",
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(sys.argv[2]) / "members.sqlite"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                    "django.template.context_processors.request",
                ]
            },
        }
    ],
    LOGIN_URL="/log-in",
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/log-in",
)
django.setup()

from django.contrib import messages  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm  # noqa: E402
from django.contrib.auth.views import LoginView, LogoutView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402

notes = {}

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ title }}</title></head>
<body>
<h1>{{ title }}</h1>
{% for message in messages %}<p class="flash">{{ message }}</p>{% endfor %}
{% if form %}
<form method="post" id="main">{% csrf_token %}{{ form.as_p }}<button id="send">Send</button></form>
{% endif %}
{% if user.is_authenticated %}
<p>Signed in as <b id="who">{{ user.username }}</b>, <span id="count">?</span> counted</p>
<form method="post" action="/notes" id="add">{% csrf_token %}<input name="text"><button>Add</button></form>
<ul>
{% for key, text in notes.items %}
  <li id="note-{{ key }}"><form method="post" action="/notes/{{ key }}">{% csrf_token %}
    <input name="text" value="{{ text }}"><button name="do" value="edit">Save</button>
    <button name="do" value="delete">Delete</button></form></li>
{% endfor %}
</ul>
<button id="ask" type="button">Count</button>
<form method="post" action="/log-out">{% csrf_token %}<button id="log-out">Log out</button></form>
<script>
  document.getElementById("ask").onclick = async () => {
    const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";
    const answer = await fetch("/count", { method: "POST", headers: { "X-CSRFToken": token }, mode: "same-origin" });
    document.getElementById("count").textContent = answer.ok ? (await answer.json()).count : answer.status;
  };
</script>
{% endif %}
</body>
</html>"""


def page(request, title, form=None):
    template = engines["django"].from_string(PAGE)
    return HttpResponse(template.render({"title": title, "form": form, "notes": notes}, request))


class LogIn(LoginView):
    def render_to_response(self, context, **_):
        return page(self.request, "Log in", context["form"])


def sign_up(request):
    form = UserCreationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Welcome")
        return redirect("/log-in")
    return page(request, "Sign up", form)


@login_required
def index(request):
    return page(request, "Notes")


@login_required
@require_POST
def add(request):
    notes[len(notes) + 1] = request.POST["text"]
    messages.info(request, "Added")
    return redirect("/")


@login_required
@require_POST
def change(request, key):
    if request.POST["do"] == "delete":
        notes.pop(key, None)
    else:
        notes[key] = request.POST["text"]
    return redirect("/")


@login_required
@require_POST
def count(request):
    return JsonResponse({"count": len(notes)})


urlpatterns = [
    path("", index),
    path("sign-up", sign_up),
    path("log-in", LogIn.as_view(authentication_form=AuthenticationForm)),
    path("log-out", LogoutView.as_view()),
    path("notes", add),
    path("notes/<int:key>", change),
    path("count", count),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    call_command("runserver", f"127.0.0.1:{sys.argv[1]}", "--noreload")
