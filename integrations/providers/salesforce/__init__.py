"""Salesforce: log-in, client, describes, the error catalogue, and actions as files."""

from integrations.providers.salesforce.provider import SalesforceProvider

provider = SalesforceProvider()
