"""The tasks of a group: the one that starts the execution, and those that follow its states."""
