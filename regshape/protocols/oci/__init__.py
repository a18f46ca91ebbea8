"""OCI distribution: operations, model, requirements, reference registry, defects."""
