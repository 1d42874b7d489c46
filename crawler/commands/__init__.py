"""The commands: one file each, found by its name; `command` in it is the click command."""
