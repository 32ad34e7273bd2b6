"""Groups of commands: each adds its commands to the command line and does what they ask for.

Knows arguments, the configuration and the database, on which these commands work also while the gateway runs.
"""
