"""The OCI client's commands, one file for each group."""
