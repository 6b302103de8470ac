"""Figures for Prometheus. The folder comes first: prometheus_client decides at its import how it counts."""

from workflows.metrics.sharing import prepare

shared_folder = prepare()
"""Where the processes of this host count together; None: this one counts for itself."""
