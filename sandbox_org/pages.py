"""The org's own web pages: objects with their newest records, lists, a record; fresh by polling JSON."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox_org import ids
from sandbox_org.describing import SObject
from sandbox_org.org import LASTING_OBJECTS, Org
from sandbox_org.rest.shaping import shaped
from sandbox_org.store import StoredRecord

HERE = Path(__file__).parent
ON_FRONT_PAGE = ("Lead", "Contact", "Account", "Opportunity", "Task", "Case", "Event")
COLUMNS = {
    "Lead": ("Name", "Company", "Email", "Status", "CreatedDate"),
    "Contact": ("Name", "Email", "Phone", "Title", "CreatedDate"),
    "Account": ("Name", "Industry", "Website", "Phone", "CreatedDate"),
    "Opportunity": ("Name", "StageName", "Amount", "CloseDate", "CreatedDate"),
    "Task": ("Subject", "Status", "Priority", "ActivityDate", "CreatedDate"),
    "Case": ("CaseNumber", "Subject", "Status", "Priority", "CreatedDate"),
    "Event": ("Subject", "StartDateTime", "EndDateTime", "Location", "CreatedDate"),
    "User": ("Name", "Username", "Email", "CreatedDate"),
}
NEWEST = 10
IN_LIST = 100
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page of this org."""
    text = _environment.get_template(template).render(request=request, org=request.app.state.org, **context)
    return HTMLResponse(text, status, headers=SECURITY_HEADERS)


async def front(request: Request) -> Response:
    """GET /: every object with its count, the newest Leads first."""
    org: Org = request.app.state.org
    return render(
        request, "front.html", objects=_objects(org), listing=_listing(org, org.catalogue.objects["Lead"], NEWEST)
    )


async def records(request: Request) -> Response:
    """GET /records/{object}"""
    org: Org = request.app.state.org
    sobject = org.sobject(request.path_params["name"])
    if sobject is None:
        return render(request, "missing.html", 404, what="object")
    return render(request, "records.html", objects=_objects(org), listing=_listing(org, sobject, IN_LIST))


async def record(request: Request) -> Response:
    """GET /records/{object}/{id}: every field that has a value; the empty ones on demand."""
    org: Org = request.app.state.org
    sobject = org.sobject(request.path_params["name"])
    record_id = ids.normalise(request.path_params["record_id"])
    stored = org.store.find(record_id, sobject.name) if sobject and record_id else None
    if sobject is None or stored is None:
        return render(request, "missing.html", 404, what="record")
    values = [
        {"label": field.label, "name": field.name, "text": _text(stored.body.get(field.name))}
        for field in sobject.fields.values()
        if field.type != "address"
    ]
    return render(
        request,
        "record.html",
        objects=_objects(org),
        sobject=sobject,
        title=_title(stored),
        is_deleted=stored.is_deleted,
        filled=[value for value in values if value["text"]],
        empty=[value for value in values if not value["text"]],
    )


async def listing(request: Request) -> Response:
    """GET /__org/listing/{object}?limit=: what the pages poll, counts and the newest records as they show them."""
    org: Org = request.app.state.org
    sobject = org.sobject(request.path_params["name"])
    if sobject is None:
        return JSONResponse({"error": "no such object"}, 404)
    limit = request.query_params.get("limit", "")
    found = _listing(org, sobject, min(int(limit), IN_LIST) if limit.isdigit() else NEWEST)
    return JSONResponse({**found, "objects": _objects(org)}, headers={"Cache-Control": "no-store"})


def _objects(org: Org) -> list[dict[str, Any]]:
    counts = org.store.counts()
    names = [*ON_FRONT_PAGE, *sorted(set(counts) - set(ON_FRONT_PAGE) - {"Organization"})]
    if "User" not in names:
        names.append("User")
    listed = []
    for name in names:
        sobject = org.catalogue.objects[name]
        label = sobject.describe["labelPlural"]
        listed.append({"name": name, "label": label, "count": counts.get(name, 0), "lasting": name in LASTING_OBJECTS})
    return listed


def _listing(org: Org, sobject: SObject, limit: int) -> dict[str, Any]:
    columns = [name for name in COLUMNS.get(sobject.name, ("Id", "CreatedDate")) if name in sobject.fields]
    rows = []
    for stored in org.store.newest(sobject.name, limit):
        shown = shaped(sobject, "64.0", stored.body, columns)
        cells = [_text(shown[name]) for name in columns]
        rows.append({"seq": stored.seq, "id": stored.body["Id"], "cells": cells})
    return {
        "name": sobject.name,
        "label": sobject.label,
        "plural": sobject.describe["labelPlural"],
        "limit": limit,
        "columns": [sobject.fields[name].label for name in columns],
        "count": org.store.count(sobject.name),
        "rows": rows,
    }


def _title(stored: StoredRecord) -> str:
    body = stored.body
    return str(body.get("Name") or body.get("Subject") or body.get("CaseNumber") or body["Id"])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.endswith(".000+0000"):
        return value.removesuffix(".000+0000").replace("T", " ") + " UTC"
    return str(value)
