"""The workflow editor: drafts as one works on them, and the pages and answers of the editor."""
