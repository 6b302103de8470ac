"""The built-in describes (made by make.py): what is offered before any org is connected."""
