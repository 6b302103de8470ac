"""Template words that every page uses."""

import json
from datetime import datetime
from textwrap import dedent
from typing import Any

from django import forms, template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """A Tabler icon from the built sprite: `{% icon "plus" %}`. The build collects the names from the templates."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra_class,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def ago(moment: datetime | None, otherwise: str = "Never") -> str:
    """`{% ago key.last_used_at %}`: "2 minutes ago", kept true in the page, with the full time as its title."""
    if moment is None:
        return format_html('<span class="text-secondary">{}</span>', otherwise)
    return format_html(
        '<time datetime="{}" data-relative title="{} UTC">{}</time>',
        moment.isoformat(timespec="milliseconds"),
        date_format(moment, "j M Y, H:i:s"),
        naturaltime(moment),
    )


@register.filter
def pretty_json(value: Any) -> str:
    """JSON as a person reads it; what is not JSON is shown as its text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def initials(name: object) -> str:
    """Up to two letters for a round mark: "Ana Ruiz" gives "AR", "ana@acme.com" gives "A"."""
    words = [
        word for word in str(name).partition("@")[0].replace(".", " ").replace("-", " ").split() if word[0].isalnum()
    ]
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.simple_block_tag
def code(content: str, language: str = "text", wrapping: bool = False) -> SafeString:
    """`{% code "bash" %}…{% endcode %}`: a block with a copy button, without the template's indentation.

    Variables within are escaped as everywhere; write `<` as `&lt;`.
    """
    text = mark_safe(dedent(str(content).strip("\n")).rstrip())  # noqa: S308 (rendered by the template engine, so escaped)
    return format_html(
        '<div class="code-block"><pre tabindex="0" class="{}" data-language="{}"><code>{}</code></pre>'
        '<button type="button" class="code-copy" data-copy-block aria-label="Copy">{}</button></div>',
        "wrapping" if wrapping else "",
        language,
        text,
        icon("copy", "icon-sm"),
    )


_CONTROL_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.HiddenInput, ""),
)


@register.simple_tag
def control(field: BoundField, **attributes: Any) -> SafeString:
    """A field's input in the dashboard's look; `{% control form.name placeholder="Acme" %}` adds attributes."""
    widget = field.field.widget
    wanted = next((css for kind, css in _CONTROL_CLASSES if isinstance(widget, kind)), "form-control")
    classes = [wanted, str(widget.attrs.get("class", "")), "is-invalid" if field.errors else ""]
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return field.as_widget(attrs={"class": " ".join(filter(None, classes)), **named})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a field is one tick box, whose label stands behind it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_choice_list(field: BoundField) -> bool:
    """Whether a field is a list of radio buttons or tick boxes, which wants a legend."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
