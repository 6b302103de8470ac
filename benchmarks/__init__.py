"""How fast Isthmus is, measured side by side with what one would write by hand: `make bench`, docs/performance.md."""
