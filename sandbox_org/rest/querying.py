"""The query resources: a page of records, the locator of the next, and what describes the columns."""

from typing import Any

from sandbox_org.cursors import Cursor
from sandbox_org.describing import Field
from sandbox_org.rest.calls import ApiCall, ApiReply, flag
from sandbox_org.rest.errors import ApiError, request_error
from sandbox_org.soql.binding import Binder, BoundPath
from sandbox_org.soql.errors import SoqlError
from sandbox_org.soql.parser import parse
from sandbox_org.soql.projecting import selected_paths
from sandbox_org.soql.running import ResultSet, Runner
from sandbox_org.soql.syntax import Aggregate, Query

DEFAULT_PAGE = 2000
SMALLEST_PAGE, LARGEST_PAGE = 200, 2000


def query(call: ApiCall) -> ApiReply:
    """GET /query?q=, or ?explain="""
    return _answer(call, with_deleted=False)


def query_all(call: ApiCall) -> ApiReply:
    """GET /queryAll?q=: the recycle bin too."""
    return _answer(call, with_deleted=True)


def next_page(call: ApiCall, locator: str) -> ApiReply:
    """GET /query/{locator}-{start}: valid under /queryAll as well, as clients mix the two."""
    name, _, start = locator.rpartition("-")
    cursor = call.org.cursors.find(call.account.user_id, name)
    if cursor is None or not start.isdigit() or int(start) >= cursor.result.total:
        raise request_error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return ApiReply(200, _page(call, cursor, name, int(start)))


def _answer(call: ApiCall, *, with_deleted: bool) -> ApiReply:
    source = call.params.get("explain") or call.params.get("q")
    if source is None:
        raise request_error(400, "MALFORMED_QUERY", "A query string has to be specified")
    try:
        parsed = parse(source)
        runner = Runner(call.org.catalogue, call.org.store, call.version, with_deleted=with_deleted)
        result = runner.run(parsed)
        if "explain" in call.params:
            return ApiReply(200, _explained(call, source, result))
        if flag(call.params.get("columns")):
            return ApiReply(200, _columns(call, parsed, result))
    except SoqlError as error:
        raise _refused(error) from None
    size = _page_size(call)
    locator = ""
    cursor = Cursor(result, size)
    if result.total > size and not parsed.is_bare_count:
        locator = call.org.cursors.keep(call.account.user_id, cursor)
    return ApiReply(200, _page(call, cursor, locator, 0, bare_count=parsed.is_bare_count))


def _page(call: ApiCall, cursor: Cursor, locator: str, start: int, *, bare_count: bool = False) -> dict[str, Any]:
    result = cursor.result
    end = start + cursor.page_size
    is_done = bare_count or end >= result.total
    page: dict[str, Any] = {"totalSize": result.total, "done": is_done}
    if not is_done:
        page["nextRecordsUrl"] = f"{call.data_path}/query/{locator}-{end}"
    page["records"] = [] if bare_count else result.page(start, cursor.page_size)
    return page


def _page_size(call: ApiCall) -> int:
    """The page size of the `Sforce-Query-Options` header, within the platform's bounds."""
    options = call.headers.get("sforce-query-options", "").replace(" ", "")
    _, found, text = options.partition("batchSize=")
    if not found or not text.isdigit():
        return DEFAULT_PAGE
    return min(max(int(text), SMALLEST_PAGE), LARGEST_PAGE)


def _refused(error: SoqlError) -> ApiError:
    return request_error(400, error.code, error.message)


def _explained(call: ApiCall, source: str, result: ResultSet) -> dict[str, Any]:
    plan = {
        "cardinality": result.total,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": 1.0,
        "sobjectCardinality": call.org.store.count(result.sobject.name),
        "sobjectType": result.sobject.name,
    }
    return {"plans": [plan], "sourceQuery": source}


def _columns(call: ApiCall, parsed: Query, result: ResultSet) -> dict[str, Any]:
    """The reply of `columns=true`, which the sf command line asks for before it prints a table."""
    binder = Binder(call.org.catalogue, parsed.source)
    if parsed.is_aggregate:
        unnamed = 0
        columns = []
        for item in parsed.select:
            name = getattr(item, "alias", None)
            if isinstance(item, Aggregate) and not name:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            columns.append(_column(name or str(item), None, aggregate=isinstance(item, Aggregate)))
    else:
        columns = _nested_columns(selected_paths(parsed, result.sobject, binder))
    return {
        "columnMetadata": columns,
        "entityName": result.sobject.name,
        "groupBy": bool(parsed.group_by),
        "idSelected": any(column["columnName"] == "Id" for column in columns),
        "keyPrefix": result.sobject.key_prefix,
    }


def _nested_columns(paths: list[BoundPath]) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = []
    for path in paths:
        siblings = columns
        for reference in path.parents:
            name = str(reference.relationship)
            parent = next((column for column in siblings if column["columnName"] == name), None)
            if parent is None:
                parent = _column(name, None)
                siblings.append(parent)
            siblings = parent["joinColumns"]
        siblings.append(_column(path.field.name, path.field))
    return columns


def _column(name: str, field: Field | None, *, aggregate: bool = False) -> dict[str, Any]:
    kind = field.type if field else ""
    return {
        "aggregate": aggregate,
        "apexType": kind.capitalize() if kind else "Aggregate" if aggregate else None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": bool(field and field.custom),
        "displayName": name,
        "foreignKeyName": None,
        "insertable": bool(field and field.createable),
        "joinColumns": [],
        "numberType": kind in ("int", "double", "currency", "percent"),
        "textType": kind in ("string", "textarea", "email", "phone", "url", "picklist"),
        "updatable": bool(field and field.updateable),
    }
