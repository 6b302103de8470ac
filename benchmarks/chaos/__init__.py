"""`make chaos`: everything is killed while events come in; afterwards each accepted event has exactly one record."""
