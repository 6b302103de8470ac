"""Projects as files: a project's App Events, integrations and workflows as YAML that reads well and diffs well.

Secrets never stand in the file: `client_id` and `client_secret` are references to environment variables, "${NAME}".
"""

FORMAT = 1
