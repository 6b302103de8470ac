"""Acme, a customer's small web app: it signs user tokens and lets its users connect their Salesforce through Isthmus."""
