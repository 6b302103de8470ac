"""What a workflow is, as plain data: shape, template language, checks. Imports neither Django nor a model."""
