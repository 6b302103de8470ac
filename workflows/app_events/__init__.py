"""App Events: their pages, and reading the example payloads that people type."""
