"""The subset of SOQL that this org understands: `parser` reads it, `binding` checks it, `running` answers it."""
