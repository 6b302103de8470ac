"""The embedded process group: web, worker with beat, sandbox org and Acme on one machine, kept alive by supervisor."""
