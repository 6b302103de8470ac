"""What every page shares: template words, the menu, and templates that the policy (CSP) lets through."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import timezone

from projects.navigation import menu_for
from projects.templatetags.isthmus import initials

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json[\"'])[^>]*>", re.I)
HANDLER = re.compile(r"<[a-z][^>]*\s(on[a-z]+|hx-on[^=]*)=", re.I)


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_no_template_has_a_script_or_a_handler_that_the_policy_would_stop(template):
    text = template.read_text()

    assert not INLINE_SCRIPT.search(text)
    assert not HANDLER.search(text)
    assert "javascript:" not in text


def test_the_page_for_our_own_faults_needs_nothing():
    assert "Something broke on our side" in render_to_string("500.html")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/integrations/", "Integrations"),
        ("/integrations/salesforce/settings/", "Integrations"),
        ("/workflows/0190/", "Integrations"),
        ("/app-events/", "App Events"),
        ("/activity/0190/", "Activity"),
        ("/users/", "Connected Users"),
        ("/settings/audit/", "Settings"),
        ("/new-project/", None),
    ],
)
def test_the_menu_says_where_one_is(path, label):
    active = [destination.label for destination, is_active in menu_for(path) if is_active]

    assert active == ([label] if label else [])


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Ruiz", "AR"),
        ("ana", "A"),
        ("samantha.long@acme.example", "SL"),
        ("", "?"),
        ("---", "?"),
        ("李 雷", "李雷"),
    ],
)
def test_initials(name, letters):
    assert initials(name) == letters


def test_a_time_carries_its_exact_moment_and_an_absent_one_its_word():
    moment = timezone.now() - timedelta(hours=2)

    assert f'datetime="{moment.isoformat(timespec="milliseconds")}"' in render("{% ago moment %}", moment=moment)
    assert ">Not yet<" in render('{% ago moment "Not yet" %}', moment=None)


def test_a_code_block_loses_its_indentation_and_escapes_its_values():
    block = render('{% code "bash" %}\n      curl {{ url }}\n        -d x\n    {% endcode %}', url="<b>")

    assert "<code>curl &lt;b&gt;\n  -d x</code>" in block
    assert "data-copy-block" in block


def test_json_is_shown_as_text():
    shown = render('{% include "partials/json.html" with value=value label="Output" %}', value={"a": "<script>"})

    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


class Everything(forms.Form):
    name = forms.CharField(help_text="Anything.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")])
    size = forms.ChoiceField(choices=[("a", "Small"), ("b", "Big")], widget=forms.RadioSelect)
    sure = forms.BooleanField(required=False)
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_field_ties_its_label_help_and_error_to_its_input():
    page = render(
        "{% for field in form %}{% include 'partials/field.html' %}{% endfor %}", form=Everything({"size": "b"})
    )

    described = re.search(r'<input[^>]*name="name"[^>]*>', page)
    assert described is not None
    for wanted in ('aria-invalid="true"', 'class="form-control is-invalid"'):
        assert wanted in described.group()
    for target in re.search(r'aria-describedby="([^"]+)"', described.group()).group(1).split():
        assert f'id="{target}"' in page
    assert '<label class="form-label" for="id_name">' in page
    assert '<select name="kind" class="form-select is-invalid"' in page
    assert 'value="b" id="id_size_1" checked' in page
    assert "<legend" in page
    assert '<input type="hidden" name="secret"' in page
