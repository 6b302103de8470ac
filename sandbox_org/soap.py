"""The SOAP login, which old scripts and `conn.login()` of jsforce still use."""

import html
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from sandbox_org.oauth.apps import CLI_CLIENT_ID
from sandbox_org.oauth.endpoints import base_url_of
from sandbox_org.org import Org

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
)
INVALID_LOGIN = "Invalid username, password, security token; or user locked out."
MOST_BYTES = 100_000
SESSION_SECONDS = 7200


async def login(request: Request) -> Response:
    """POST /services/Soap/u/{version}: the only operation here is `login`."""
    org: Org = request.app.state.org
    org.counts.called("POST", "soap_login", None)
    text = (await request.body())[:MOST_BYTES].decode("utf-8", "replace")
    if not re.search(r"<(?:\w+:)?login\b", text):
        return _fault("sf:INVALID_OPERATION", "INVALID_OPERATION", "This org answers the login operation alone.")
    account = org.accounts.check(_text(text, "username"), _text(text, "password"), org.settings.security_token)
    if account is None:
        return _fault("INVALID_LOGIN", "INVALID_LOGIN", INVALID_LOGIN)
    app = org.apps.find(CLI_CLIENT_ID) or org.apps.default
    token = org.tokens.issue_access(org.tokens.approve(app, account.user_id, "api id"))
    base_url, version = base_url_of(request), request.path_params["version"]
    stored = org.store.find(account.user_id)
    user = stored.body if stored else {}
    info = {
        "organizationId": org.id,
        "organizationName": "Sandbox org",
        "sessionSecondsValid": SESSION_SECONDS,
        "userEmail": user.get("Email", ""),
        "userFullName": user.get("Name", ""),
        "userId": account.user_id,
        "userName": account.username,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userTimeZone": "America/Los_Angeles",
    }
    result = {
        "metadataServerUrl": f"{base_url}/services/Soap/m/{version}/{org.id[:15]}",
        "passwordExpired": "false",
        "sandbox": "true",
        "serverUrl": f"{base_url}/services/Soap/u/{version}/{org.id[:15]}",
        "sessionId": token.token,
        "userId": account.user_id,
    }
    inner = _tags(result) + f"<userInfo>{_tags(info)}</userInfo>"
    return _reply(200, f"<loginResponse><result>{inner}</result></loginResponse>")


def _text(document: str, tag: str) -> str:
    """The text of the first element of that name; entities beyond the five of XML are left alone."""
    opened = re.search(rf"<(?:\w+:)?{tag}\b[^<>]*>", document)
    closed = opened and re.compile(rf"</(?:\w+:)?{tag}>").search(document, opened.end())
    if not opened or not closed:
        return ""
    text = document[opened.end() : closed.start()].strip()
    if text.startswith("<![CDATA[") and text.endswith("]]>"):
        return text[9:-3]
    return html.unescape(text)


def _tags(values: Mapping[str, object]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())


def _fault(code: str, exception: str, message: str) -> Response:
    detail = (
        f'<sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{exception}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage></sf:LoginFault>"
    )
    body = (
        f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{exception}: {escape(message)}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    )
    return _reply(500, body)


def _reply(status: int, body: str) -> Response:
    return Response(ENVELOPE.format(body=body), status, media_type="text/xml; charset=utf-8")
