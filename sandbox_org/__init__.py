"""A local stand-in for a Salesforce org, for demos and tests: OAuth, REST and a page that shows the records arrive.

Start it with `python -m sandbox_org --port 8001 --data-dir ./data`. Log in as `admin@sandbox.example` with the password
`sandbox-1234` (SANDBOX_USERNAME, SANDBOX_PASSWORD); SOAP logins may append the security token `sandboxtoken`. The OAuth
app's client id and secret are made at the first start and stand at `GET /__org/app` (SANDBOX_CLIENT_ID,
SANDBOX_CLIENT_SECRET, SANDBOX_REDIRECT_URIS). docs/sandbox-org.md tells the rest, and what is not reproduced.

It imports nothing of the product and is spoken to over HTTP alone.
"""
