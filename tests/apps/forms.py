"""Flask-WTF forms with its CSRF protection: sign up, log in, a profile, a script with the token in a header."""

import sys

from flask import Flask, flash, redirect, render_template_string, request, session, url_for
from flask_wtf import CSRFProtect, FlaskForm
from werkzeug.security import check_password_hash, generate_password_hash
from wtforms import EmailField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Email, EqualTo, Length

app = Flask(__name__)
app.config["SECRET_KEY"] = "a key for tests only"
CSRFProtect(app)

people = {}


class SignUp(FlaskForm):
    email = EmailField(validators=[DataRequired(), Email()])
    password = PasswordField(validators=[DataRequired(), Length(min=8)])
    again = PasswordField(validators=[EqualTo("password")])


class LogIn(FlaskForm):
    email = EmailField(validators=[DataRequired()])
    password = PasswordField(validators=[DataRequired()])


class Profile(FlaskForm):
    name = StringField(validators=[DataRequired(), Length(max=60)])
    colour = SelectField(choices=[("red", "Red"), ("blue", "Blue")])
    about = TextAreaField(validators=[Length(max=2000)])


PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="csrf-token" content="{{ csrf_token() }}">
  <title>{{ title }}</title>
  <style>body { font-family: sans-serif } .error { color: #900 }</style>
</head>
<body>
<h1>{{ title }}</h1>
{% for message in get_flashed_messages() %}<p class="flash">{{ message }}</p>{% endfor %}
{% if form %}
<form method="post" action="{{ action }}" novalidate>
  {{ form.hidden_tag() }}
  {% for field in form if field.type != "CSRFTokenField" %}
    <p>{{ field.label }} {{ field() }}
    {% for error in field.errors %}<span class="error">{{ error }}</span>{% endfor %}</p>
  {% endfor %}
  <button id="send">Send</button>
</form>
{% endif %}
{% if who %}
<p>Signed in as <b id="who">{{ who }}</b>, <span id="likes">0</span> likes</p>
<dl><dt>Name</dt><dd id="name">{{ profile.name }}</dd><dt>About</dt><dd id="about">{{ profile.about }}</dd></dl>
<button id="like" type="button">Like</button>
<form method="post" action="{{ url_for('log_out') }}">
  <input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
  <button id="log-out">Log out</button>
</form>
<script>
  document.getElementById("like").addEventListener("click", async () => {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const answer = await fetch("/like", { method: "POST", headers: { "X-CSRFToken": token } });
    document.getElementById("likes").textContent = (await answer.json()).likes;
  });
</script>
{% endif %}
</body>
</html>"""


def page(title, form=None, action="", **more):
    return render_template_string(PAGE, title=title, form=form, action=action, **more)


@app.route("/sign-up", methods=["GET", "POST"])
def sign_up():
    form = SignUp()
    if form.validate_on_submit():
        people[form.email.data] = {
            "password": generate_password_hash(form.password.data),
            "likes": 0,
            "name": "",
            "about": "",
        }
        flash("Welcome")
        return redirect(url_for("log_in"))
    return page("Sign up", form)


@app.route("/log-in", methods=["GET", "POST"])
def log_in():
    form = LogIn()
    if form.validate_on_submit():
        person = people.get(form.email.data)
        if person and check_password_hash(person["password"], form.password.data):
            session["who"] = form.email.data
            return redirect(url_for("profile"))
        flash("Wrong address or password")
    return page("Log in", form)


@app.route("/", methods=["GET", "POST"])
def profile():
    person = people.get(session.get("who"))
    if person is None:
        return redirect(url_for("log_in"))
    form = Profile(data=person)
    if form.validate_on_submit():
        person.update(name=form.name.data, about=form.about.data)
        flash("Saved")
        return redirect(url_for("profile"))
    return page("Profile", form, who=session["who"], profile=person)


@app.post("/like")
def like():
    person = people[session["who"]]
    person["likes"] += 1
    return {"likes": person["likes"]}


@app.post("/log-out")
def log_out():
    session.clear()
    flash("Goodbye")
    return redirect(url_for("log_in"))


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
