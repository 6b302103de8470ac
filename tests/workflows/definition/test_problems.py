"""What blocks a deploy: each problem is found, names its place and says what to do."""

from __future__ import annotations

import difflib

import pytest

from lib.near_names import MAX_COMPARED, MAX_HINTS
from workflows.definition.problems import Problem, check
from workflows.definition.schema import parse_definition

EXAMPLE = {
    "last_name": "Lovelace",
    "email": "ada@example.test",
    "company": {"name": "Acme", "size": None},
    "items": [{"sku": "A1", "tags": []}, {"sku": "B2", "colour": "red"}],
    "extra": {},
}
OUTPUTS = {"find_account": {"Id": "001", "records": [{"Name": "Acme"}]}}


def a_step(key="create_lead", **inputs):
    return {"key": key, "type": "salesforce.create_record", "name": key, "inputs": {"fields": inputs}}


def problems_of(*steps, settings=(), trigger="Lead Created", outputs=OUTPUTS, **changes):
    definition = parse_definition(
        {
            "trigger": {"type": "app_event", "app_event": trigger},
            "steps": list(steps),
            "settings": list(settings),
            **changes,
        }
    )
    return check(definition, app_events={"Lead Created": EXAMPLE, "Empty": {}}, step_outputs=outputs)


def test_a_whole_workflow_has_no_problem():
    found = problems_of(
        a_step("find_account", Name="{{ trigger.company.name }}"),
        a_step(
            "create_lead",
            LastName="{{ trigger.last_name | upcase }}",
            Account="{{ steps.find_account.Id }}",
            Region="{{ settings.region }}",
            Plan="{{ user.meta.plan.name }}",
            Run="{{ run.id }}",
        ),
        settings=[{"id": "region", "title": "Region", "type": "TEXT_NO_VARS"}],
        order_by="{{ trigger.email }}",
    )

    assert found == []


def test_an_empty_draft_lacks_a_trigger_and_steps():
    found = check(parse_definition({}), app_events={})

    assert [problem.code for problem in found] == ["trigger_missing", "steps_missing"]
    assert "Choose the app event" in found[0].message


@pytest.mark.parametrize(
    ("trigger", "code", "message"),
    [(None, "app_event_missing", "Choose one"), ("Lead Creatd", "app_event_unknown", 'Did you mean "Lead Created"')],
)
def test_a_trigger_needs_an_app_event_that_exists(trigger, code, message):
    [problem] = problems_of(a_step(LastName="{{ trigger.anything }}"), trigger=trigger)

    assert (problem.code, problem.field) == (code, "trigger")
    assert message in problem.message


@pytest.mark.parametrize(
    ("template", "code", "message"),
    [
        ("{{ trigger.lastname }}", "path_unknown", "Did you mean trigger.last_name?"),
        ("{{ trigger.name }}", "path_unknown", "Did you mean trigger."),
        ("{{ trigger.Email }}", "path_unknown", "Did you mean trigger.email?"),
        ("{{ trigger.compny.name }}", "path_unknown", "Did you mean trigger.company.name?"),
        ("{{ trigger.company.nam }}", "path_unknown", "trigger.company in the app event's example payload has no"),
        ("{{ trigger.email.domain }}", "path_unknown", "trigger.email is text"),
        ("{{ trigger.items.sku }}", "path_unknown", "trigger.items[0].sku"),
        ("{{ trigger.items.first.skuu }}", "path_unknown", "trigger.items.first"),
        ("{{ trigger.items[9].skuu }}", "path_unknown", "Did you mean trigger.items[9].sku?"),
        ("{{ trigger.zzzzzz }}", "path_unknown", "Known there: last_name, email"),
        ("{{ trigger.email | append: trigger.nope }}", "path_unknown", "trigger.nope is not known"),
        ("{{ steps.find_acount.Id }}", "step_unknown", "Did you mean steps.find_account?"),
        ("{{ steps.create_lead.Id }}", "step_not_upstream", "is this step itself"),
        ("{{ steps.last.Id }}", "step_not_upstream", "runs after this step"),
        ("{{ steps.find_account.ID }}", "path_unknown", "Did you mean steps.find_account.Id?"),
        ("{{ steps.find_account.records[0].Nam }}", "path_unknown", "Did you mean steps.find_account.records[0].Name?"),
        ("{{ settings.region }}", "setting_unknown", "no user settings"),
        ("{{ user.name }}", "path_unknown", "Did you mean user.meta.name?"),
        ("{{ run.key }}", "path_unknown", "run has no"),
        ("{{ trigger.email | upcas }}", "template_invalid", "Did you mean upcase?"),
        ("Hi {{ trigger.email", "template_invalid", "never closed"),
    ],
)
def test_what_a_step_reads_must_be_there(template, code, message):
    [problem] = problems_of(a_step("find_account"), a_step("create_lead", X=template), a_step("last"))

    assert (problem.code, problem.step_key, problem.field) == (code, "create_lead", "fields.X")
    assert problem.message.startswith("X: ")
    assert message in problem.message


@pytest.mark.parametrize(
    "template",
    [
        "{{ trigger }}",
        "{{ trigger.items[1].colour }}",
        "{{ trigger.items[7].sku }}",
        "{{ trigger.items.size }}",
        "{{ trigger.items.first.sku }}",
        "{{ trigger.items.last.sku }}",
        "{{ trigger.email.size }}",
        "{{ trigger.company.size }}",
        "{{ trigger.items[-1].sku }}",
        "{{ trigger.items[0].tags[3].any }}",
        "{{ trigger.extra.whatever[2].below }}",
        "{{ trigger.company.size.unit }}",
        "{{ settings.mapping.fieldMappings.Email }}",
        "{{ steps.unsampled.any.thing }}",
    ],
)
def test_what_the_samples_leave_open_is_admitted(template):
    mapping = {"id": "mapping", "title": "Mapping", "type": "FIELD_MAPPER"}

    assert problems_of(a_step("unsampled"), a_step("b", X=template), settings=[mapping]) == []


def test_an_event_without_an_example_admits_any_path():
    assert problems_of(a_step(X="{{ trigger.a.b[1] }}"), trigger="Empty") == []


def test_a_misspelt_user_setting_is_named_with_the_nearest():
    region = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS"}

    [problem] = problems_of(a_step(X="{{ settings.regoin }}"), settings=[region])

    assert problem.code == "setting_unknown"
    assert "Did you mean settings.region?" in problem.message


def test_the_order_is_told_before_the_first_step():
    [later] = problems_of(a_step("a"), order_by="{{ steps.a.Id }}")
    [other] = problems_of(a_step("a"), order_by="{{ user.id }}")

    assert (later.code, later.step_key, later.field) == ("step_not_upstream", None, "order_by")
    assert (other.code, other.field) == ("order_by_not_of_event", "order_by")
    assert "starts with trigger" in other.message


def test_two_steps_of_one_key_are_refused():
    [problem] = problems_of(a_step("a"), a_step("a"))

    assert (problem.code, problem.step_key) == ("step_key_duplicate", "a")


def test_a_required_input_that_is_empty_is_told_once():
    step = a_step(Email=" ", Phone="{{ trigger.email }}") | {
        "required_inputs": ["fields.Email", "fields.Phone", "fields.Fax"]
    }
    definition = parse_definition({"trigger": {"type": "app_event", "app_event": "Empty"}, "steps": [step]})

    def action_problems(step):
        yield Problem("field_required", "Lead needs a Fax.", step.key, "fields.Fax")

    found = check(definition, app_events={"Empty": {}}, action_problems=action_problems)

    assert [(problem.code, problem.field) for problem in found] == [
        ("field_required", "fields.Fax"),
        ("required_input_empty", "fields.Email"),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": ""}, "no title"),
        ({"type": "ENUM"}, "nothing to choose"),
        ({"type": "ENUM", "values": [{"value": "a"}, {"value": "a"}]}, "the same value"),
        ({"type": "ENUM", "values": [{"value": ""}]}, "no value"),
        ({"type": "ENUM", "values": [{"value": "a"}], "default": "b"}, "none of its choices"),
        ({"hidden": True}, "nobody can fill it in"),
    ],
)
def test_a_user_setting_must_be_one_that_an_end_user_can_fill_in(changes, message):
    [problem] = problems_of(a_step(), settings=[{"id": "x", "title": "X", "type": "TEXT_NO_VARS", **changes}])

    assert (problem.code, problem.field) == ("setting_incomplete", "settings.x")
    assert message in problem.message


def test_two_user_settings_of_one_id_are_refused():
    setting = {"id": "x", "title": "X", "type": "TEXT_NO_VARS"}

    assert [problem.code for problem in problems_of(a_step(), settings=[setting, setting])] == ["setting_duplicate"]


KEY = {"id": "pw", "title": "API key", "type": "PASSWORD"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ settings.pw | upcase }}",
        "Bearer {{ settings.pw | strip }}",
        "{{ settings.pw | default: 'none' }}",
        "{{ trigger.last_name | append: settings.pw }}",
        "{{ trigger.last_name | replace: 'a', settings.pw }}",
        "{{ settings.pw }}{{ settings['pw'] | slice: 0, 4 }}",
        "{{ settings | json }}",
        "{{ settings }}",
        "<< settings.pw | base64_encode >>",
        ["a", {"b": "{{ settings.pw | size }}"}],
    ],
)
def test_a_password_goes_through_no_filter(text):
    found = problems_of(a_step(LastName=text), settings=[KEY])

    assert {problem.code for problem in found} == {"password_filtered"}
    assert found[0].step_key == "create_lead" and (found[0].field or "").startswith("fields.LastName")
    assert "history" in found[0].message or "Name the setting" in found[0].message


@pytest.mark.parametrize("text", ["{{ settings.pw }}", "Bearer {{ settings.pw }}", "{{ settings.region | upcase }}"])
def test_a_password_as_it_is_and_filters_on_other_settings_are_fine(text):
    region = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS"}

    assert problems_of(a_step(LastName=text), settings=[KEY, region]) == []


def test_hundreds_of_misspelt_paths_beside_thousands_of_names_are_all_told_and_few_are_looked_for(monkeypatch):
    compared: list[int] = []
    real = difflib.get_close_matches

    def counted(word, possibilities, **options):
        compared.append(len(list(possibilities)))
        return real(word, possibilities, **options)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    wide = {f"field_of_the_payload_{number}": "" for number in range(6_000)}
    paths = {f"F{number}": f"{{{{ trigger.feild_of_payload_{number} }}}}" for number in range(200)}
    definition = parse_definition(
        {"trigger": {"type": "app_event", "app_event": "Lead Created"}, "steps": [a_step(**paths)]}
    )

    found = check(definition, app_events={"Lead Created": wide})

    assert [problem.code for problem in found] == ["path_unknown"] * 200
    assert sum("Did you mean" in problem.message for problem in found) == MAX_HINTS
    assert sum(compared) <= MAX_HINTS * 4 * MAX_COMPARED


def test_a_definition_of_thousands_of_placeholders_is_asked_to_be_smaller_and_not_looked_through():
    crowded = [a_step(f"step_{number}", Note="{{ trigger.nothing }}" * 300) for number in range(7)]

    assert [problem.code for problem in problems_of(*crowded)] == ["too_many_placeholders"]
