"""docs/api.md, written from the OpenAPI schema: `python -m config.api_reference`; `--check` says whether it is stale."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "api.md"
INTRODUCTION = """\
# API reference

<!-- Written by `python -m config.api_reference` from the OpenAPI schema; change the views, not this page. -->

{description}

A running Isthmus shows the same at `/api/docs/`, where calls can be tried out, and gives the schema itself at `/api/schema/`.
Most apps need one call, [Send an App Event](#send-an-app-event); the others are what the Connect SDK sends for you.

**Who may call.** Send `Authorization: Bearer <token>`. {security}

**Errors** have one shape, [Error](#error): what is wrong and what to do in `message`, a stable `code` for programs. An
event that was answered with an error has started nothing; its `Idempotency-Key` makes it safe to send again.

**From a browser**, any origin may call: the token alone counts, no cookie does.

In the tables, \\* marks what is required in a request and always there in an answer.
"""


class SchemaHasWarnings(Exception):
    """`manage.py spectacular --validate` names them."""


def current() -> str:
    """The page as the code is now. Raises SchemaHasWarnings."""
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    schema: Json = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    if GENERATOR_STATS:
        raise SchemaHasWarnings
    return "\n".join(_Reference(schema).parts())


class _Reference:
    def __init__(self, schema: Json) -> None:
        self.schema = schema
        self.objects: Json = schema["components"]["schemas"]
        self.calls = [
            (operation["tags"][0], f"{method.upper()} {path}", operation)
            for path, operations in schema["paths"].items()
            for method, operation in operations.items()
        ]

    def parts(self) -> Iterator[str]:
        info, scheme = self.schema["info"], self.schema["components"]["securitySchemes"]["userToken"]
        yield INTRODUCTION.format(description=info["description"], security=scheme["description"])
        links = (
            (f"[{call['summary']}](#{anchor(call['summary'])})", f"`{address}`") for _, address, call in self.calls
        )
        yield _table(("call", "address"), links)
        for tag in self.schema["tags"]:
            yield f"## {tag['name']}\n\n{tag['description']}\n"
            for name, address, call in self.calls:
                if name == tag["name"]:
                    yield from self._call(address, call)
        yield "## Objects\n"
        for name, described in self.objects.items():
            if "properties" in described:
                yield from self._object(name, described)

    def _call(self, address: str, call: Json) -> Iterator[str]:
        yield f"### {call['summary']}\n\n`{address}`\n"
        if "description" in call:
            yield f"{call['description']}\n"
        if parameters := call.get("parameters"):
            rows = (
                (_name(it, it.get("required")), it["in"], self._type(it["schema"]), it.get("description", ""))
                for it in parameters
            )
            yield _table(("parameter", "in", "type", ""), rows)
        if "requestBody" in call:
            content = _content(call["requestBody"])
            yield f"Body: {self._type(content.get('schema', {}))}\n"
            if "example" in content:
                yield _example(content)
        answers = {status: (answer["description"], _content(answer)) for status, answer in call["responses"].items()}
        yield _table(
            ("answer", "", "body"),
            (
                (f"`{it}`", words, self._type(body.get("schema", {})) if body else "")
                for it, (words, body) in answers.items()
            ),
        )
        for status, (_, body) in answers.items():
            if "example" in body:
                yield f"`{status}`, for example:\n"
                yield _example(body)

    def _object(self, name: str, described: Json) -> Iterator[str]:
        yield f"### {name}\n"
        if "description" in described:
            yield f"{described['description']}\n"
        required = described.get("required", ())
        fields = described["properties"].items()
        rows = ((_name({"name": field}, field in required), self._type(it), _words(it)) for field, it in fields)
        yield _table(("field", "type", ""), rows)

    def _type(self, described: Json) -> str:
        """A schema's type in a few words, linked where it is one of the page's objects."""
        match described:
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                return self._type(self.objects[name]) if "enum" in self.objects[name] else f"[{name}](#{anchor(name)})"
            case {"allOf": [dict(only)]}:
                return self._type(only)
            case {"enum": list(values)}:
                return ", ".join(f"`{value}`" for value in values)
            case {"type": "array", "items": dict(items)}:
                return f"list of {self._type(items)}"
            case {"type": "object", "additionalProperties": dict(values)} if values:
                return f"object of {self._type(values)}"
            case {"type": str(kind)}:
                return f"{described.get('format', kind)}{' or null' if described.get('nullable') else ''}"
            case _:
                return "any JSON"


def anchor(heading: str) -> str:
    """The fragment by which GitHub and its likes reach a heading."""
    return "".join(char for char in heading.lower() if char.isalnum() or char in " -_").replace(" ", "-")


def _content(body: Json) -> Json:
    found: Json = body.get("content", {}).get("application/json", {})
    return found


def _example(content: Json) -> str:
    return "```json\n" + json.dumps(content["example"], indent=2, ensure_ascii=False) + "\n```\n"


def _name(described: Json, is_required: object) -> str:
    return f"`{described['name']}`" + (" \\*" if is_required else "")


def _words(described: Json) -> str:
    bound = f"At most {described['maxLength']} characters." if "maxLength" in described else ""
    return " ".join(part for part in (described.get("description"), bound) if part)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    page = current()
    if "--check" in sys.argv:
        is_stale = not PAGE.exists() or PAGE.read_text() != page
        print(f"docs/api.md is {'stale: run python -m config.api_reference' if is_stale else 'up to date'}.")
        return int(is_stale)
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
