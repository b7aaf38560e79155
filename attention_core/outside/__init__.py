"""What comes from outside: models that are watched, tensors, files."""
