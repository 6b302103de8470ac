"""OAuth 2.0 as the org speaks it: apps, approvals and tokens, and the endpoints that hand them out."""
